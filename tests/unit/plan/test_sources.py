"""What sources can stand together, and which of them render."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.source import ApplicationSource
from reconciler.plan.sources import called, complaints, is_lender

REPO = "https://git.example/fleet"


def source(**fields: Any) -> ApplicationSource:
    return ApplicationSource.model_validate({"repoURL": REPO, **fields})


WEB, VALUES = source(path="web"), source(ref="values")


@pytest.mark.parametrize(
    ("fields", "lends"),
    [
        ({"ref": "values"}, True),
        ({"ref": "values", "path": "web"}, False),
        ({"ref": "values", "path": "."}, False),
        ({"path": "web"}, False),
        ({"ref": "values", "chart": "web"}, False),
        ({"repoURL": "oci://registry.example/web", "ref": "values"}, False),
    ],
)
def test_a_source_lends_its_files_when_it_has_nothing_but_a_ref(fields: dict[str, str], lends: bool) -> None:
    assert is_lender(source(**fields)) is lends


@pytest.mark.parametrize(
    ("sources", "complaint"),
    [
        ([], "spec.source.repoURL and either"),
        ([source()], "spec.source.repoURL and either spec.source.path or spec.source.chart are required"),
        ([VALUES], "spec.source.path or spec.source.chart are required"),
        ([source(repoURL="", path="web")], "are required"),
        ([source(chart="web")], "targetRevision is required if the manifest source is a helm chart"),
    ],
)
def test_one_source_needs_a_repository_and_something_to_render(
    sources: list[ApplicationSource], complaint: str
) -> None:
    assert any(complaint in found for found in complaints(sources, several=False))


@pytest.mark.parametrize(
    ("sources", "complaint"),
    [
        ([WEB, source()], "source 2 of 2: spec.source.repoURL and either source.path, source.chart, or source.ref"),
        ([WEB, source(chart="x", targetRevision="1", ref="values")], "source 2 of 2: source.ref values: a chart"),
        ([WEB, source(ref="a b")], "sources.ref a b cannot contain any special characters except '_' and '-'"),
        ([WEB, VALUES, VALUES], "multiple sources had the same `ref` key"),
    ],
)
def test_sources_that_cannot_stand_together_are_named(sources: list[ApplicationSource], complaint: str) -> None:
    assert [found for found in complaints(sources, several=True) if complaint in found]


@pytest.mark.parametrize("sources", [[WEB], [WEB, VALUES], [source(chart="x", targetRevision="1.x"), VALUES, WEB]])
def test_what_argo_cd_accepts_is_accepted(sources: list[ApplicationSource]) -> None:
    assert list(complaints(sources, several=True)) == []


def test_only_one_of_several_has_to_be_told_from_the_others() -> None:
    assert (called(0, 1), called(1, 3)) == ("", "source 2 of 3")
