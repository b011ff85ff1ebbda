"""Asking for a refresh is two annotations."""

import pytest

from reconciler.cli.app.refresh import refresh_patch
from tests.unit.plan.given import NOON, an_app

REFRESH, STAMP = "argocd.argoproj.io/refresh", "argocd.argoproj.io/refresh-timestamp"


@pytest.mark.parametrize(("hard", "kind"), [(False, "normal"), (True, "hard")])
def test_the_first_annotations_of_an_application_are_added_as_a_whole(hard: bool, kind: str) -> None:
    assert refresh_patch(an_app(), hard=hard, now=NOON) == [
        {"op": "test", "path": "/metadata/annotations", "value": None},
        {"op": "add", "path": "/metadata/annotations", "value": {REFRESH: kind, STAMP: "2026-05-04T12:00:00Z"}},
    ]


def test_other_annotations_are_not_touched() -> None:
    patch = refresh_patch(an_app(metadata={"annotations": {"team": "shop"}}), hard=False, now=NOON)
    assert [operation["path"] for operation in patch] == [
        "/metadata/annotations/argocd.argoproj.io~1refresh",
        "/metadata/annotations/argocd.argoproj.io~1refresh-timestamp",
    ]
