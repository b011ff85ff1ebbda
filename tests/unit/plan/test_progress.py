"""What `app get` says."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.keys import ObjectKey
from reconciler.models.result import Difference
from reconciler.plan.compare import compare
from reconciler.plan.ignore import IgnoreRules
from reconciler.plan.progress import age, difference_line, explain
from tests.unit.plan.given import NOON, a_map, an_app, at, drifted, finished, later, live, missing, sees, wants

API = ObjectKey("apps", "Deployment", "shop", "orders-api")


def test_a_difference_names_the_field_both_values_and_who_changed_it_when() -> None:
    found = Difference("spec.replicas", "5", "3", "kubectl-edit", at(-125))
    assert difference_line(API, found, now=NOON) == (
        "Deployment/orders-api: replicas live=5 desired=3 (kubectl-edit, 2m ago)"
    )
    assert difference_line(API, Difference("spec.paused", None, "true"), now=NOON) == (
        "Deployment/orders-api: paused live=(absent) desired=true"
    )


def test_words_that_are_read_later_name_the_instant() -> None:
    found = Difference("spec.replicas", "5", "3", "kubectl-edit", at(-125))
    assert difference_line(API, found).endswith(f"(kubectl-edit, at {at(-125)})")


@pytest.mark.parametrize(("seconds", "text"), [(-3, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (200000, "2d")])
def test_an_age_is_short(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_a_fresh_comparison_is_told_field_by_field() -> None:
    web, api = a_map("web"), a_map("api")
    comparison = compare(an_app(), wants(web, api), sees(drifted(web), missing(api), live(a_map("old"))), IgnoreRules())
    assert explain(an_app(), comparison, now=NOON) == [
        "ConfigMap/web: data.colour live=red desired=blue (argocd-controller)",
        "ConfigMap/api: does not exist",
        "ConfigMap/old: is not in the desired state",
    ]


def test_without_one_the_status_tells_what_it_knows() -> None:
    named = {"kind": "ConfigMap", "namespace": "shop", "version": "v1"}
    status: dict[str, Any] = {
        "sync": {"status": "OutOfSync"},
        "health": {"status": "Degraded", "lastTransitionTime": at(-3600)},
        "resources": [
            {**named, "name": "same", "status": "Synced"},
            {**named, "name": "gone", "status": "OutOfSync", "health": {"status": "Missing"}},
            {**named, "name": "other", "status": "OutOfSync"},
            {**named, "name": "old", "status": "OutOfSync", "requiresPruning": True},
            {**named, "name": "dark", "status": "Unknown", "health": {"status": "Degraded", "message": "crash loop"}},
        ],
        "conditions": [{"type": "ComparisonError", "message": "forbidden", "lastTransitionTime": at(-120)}],
    }
    assert explain(an_app(status=status), now=NOON) == [
        "ComparisonError: forbidden (since 2m ago)",
        "ConfigMap/gone: does not exist",
        "ConfigMap/other: differs",
        "ConfigMap/old: is not in the desired state",
        "ConfigMap/dark: could not be compared",
        "Degraded since 1h ago",
        "ConfigMap/dark: crash loop",
        "Next: nothing by itself, automated sync is off; sync it by hand",
    ]


OUT = {"sync": {"status": "OutOfSync"}}
RETRYING = {
    "operation": {"sync": {}, "retry": {"limit": 5}},
    "phase": "Running",
    "startedAt": at(-60),
    "finishedAt": at(-3),
    "retryCount": 1,
}


@pytest.mark.parametrize(
    ("app", "line"),
    [
        (an_app(status=OUT, automated={}), "Next: an automated sync"),
        (
            an_app(status={**OUT, "operationState": finished(at_s=-9)}, automated={}),
            "Next: an automated sync at the next commit; self-heal is off",
        ),
        (
            an_app(
                status={**OUT, "operationState": finished(at_s=-1, autoHealAttemptsCount=2)},
                automated={"selfHeal": True},
            ),
            "Next: self-heal in 5s",
        ),
        (an_app(status={"operationState": RETRYING}, operation={"sync": {}}), "Next: another attempt in 7s"),
        (an_app(operation={"sync": {}}), "Next: the requested operation goes on"),
        (an_app(metadata={"deletionTimestamp": at(0)}), "Next: its objects are being deleted"),
        (
            an_app(status={**OUT, "conditions": [{"type": "SyncError", "message": "x"}]}, automated={}),
            "Next: nothing by itself until a new commit, an edit, or a sync by hand",
        ),
    ],
)
def test_what_comes_next_is_said_last(app: Any, line: str) -> None:
    assert explain(app, now=NOON)[-1] == line


def test_the_last_sync_is_told_with_its_end() -> None:
    lines = explain(an_app(status={"operationState": finished("Failed", at_s=0)}), now=later(90))
    assert lines == ["Last sync: Failed 1m ago: as it went"]


def test_a_healthy_synced_application_has_nothing_to_tell() -> None:
    status = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
    assert explain(an_app(status=status), now=NOON) == []
