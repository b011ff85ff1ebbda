"""JSON merge patches over a source."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import SourceError
from reconciler.models.keys import RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.render.readset import ReadLog, Sight
from reconciler.render.tools.overrides import MAX_FILE_BYTES, merge_patched, overridden
from tests.support.trees import MemoryTree

SOURCE = {"repoURL": "https://git.corp/a", "path": "app", "targetRevision": "main"}


def merged(text: str, **source: Any) -> dict[str, Any]:
    spec = ApplicationSource.model_validate({**SOURCE, **source})
    sight = Sight(MemoryTree({"app/.argocd-source.yaml": text}))
    return overridden(spec, "app", "shop", sight, ReadLog(RepoUrl("https://git.corp/a"), "main")).to_json()


@pytest.mark.parametrize(
    ("value", "patch", "result"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({}, {"a": {"b": None}}, {"a": {}}),
        ({"a": 1}, "text", "text"),
    ],
)
def test_a_patch_is_merged_as_rfc_7386_says(value: object, patch: object, result: object) -> None:
    assert merge_patched(value, patch) == result


def test_dates_stay_texts() -> None:
    assert merged("kustomize: {nameSuffix: 2024-01-01}")["kustomize"] == {"nameSuffix": "2024-01-01"}


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "{}"])
def test_a_file_that_says_nothing_changes_nothing(text: str) -> None:
    assert merged(text) == SOURCE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "is no object"),
        ("text", "is no object"),
        ("1: a", "is no object"),
        ("kustomize: {images: 1}", r"kustomize\.images must be a list"),
        ("a: &a [*a]", "aliases are not read"),
        ("[" * 100 + "]" * 100, "nested deeper"),
        ("a: b\n---\nc: d\n", "does not read as YAML"),
        ("a: !!python/object/apply:os.system [id]", "does not read as YAML"),
        ("#" * (MAX_FILE_BYTES + 1), "is larger than"),
    ],
)
def test_what_is_no_override_is_told_with_its_file(text: str, words: str) -> None:
    with pytest.raises(SourceError, match=rf"app/\.argocd-source\.yaml.*{words}"):
        merged(text)
