"""What an Application waits for: one sentence for each thing, what keeps it now first."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.models.project import SyncWindow
from reconciler.plan.waiting import awaited
from tests.unit.plan.given import NOON, an_app, at, finished, later

OUT = {"sync": {"status": "OutOfSync"}, "resources": [{"kind": "ConfigMap", "name": "web", "status": "OutOfSync"}]}
DENIED = SyncWindow(kind="deny", schedule="0 11 * * *", duration="2h", applications=("*",))


def told(*windows: SyncWindow, **app: Any) -> list[tuple[str, float | None, float | None]]:
    """(what, seconds since, seconds to go)."""
    found = awaited(an_app(**app), windows, (), now=NOON)
    return [
        (item.what, (NOON - item.since) / timedelta(seconds=1) if item.since else None, item.for_s) for item in found
    ]


def running(message: str = "", **state: Any) -> dict[str, Any]:
    known = {"operation": {"sync": {}}, "phase": "Running", "startedAt": at(-90), "message": message}
    return {"operation": {"sync": {}}, "status": {"operationState": {**known, **state}}}


def test_nothing_is_waited_for_where_all_is_as_it_should_be() -> None:
    assert told(status={"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}) == []


def test_an_operation_says_what_it_waits_for_since_it_began() -> None:
    assert told(**running("waiting for healthy state of apps/Deployment/web")) == [
        ("its operation goes on: waiting for healthy state of apps/Deployment/web", 90, None)
    ]


def test_an_operation_that_nobody_has_begun_with_says_so() -> None:
    assert told(operation={"sync": {}})[0][0] == "an operation was asked for, and no worker has begun with it"
    assert len(told(operation={"sync": {}}, status={"operationState": finished()})) == 1


def test_an_operation_between_attempts_says_when_the_next_one_comes() -> None:
    state = running("it was refused", finishedAt=at(-4), retryCount=1, operation={"sync": {}, "retry": {"limit": 5}})
    assert told(**state) == [("its operation failed and is tried again, for the first time: it was refused", 4, 6)]


def test_a_closed_window_holds_an_operation_and_an_automated_sync() -> None:
    assert told(DENIED, **running()) == [("its operation is held: Sync operation blocked by sync window", 90, 3600)]
    assert told(DENIED, automated={}, status=OUT) == [
        ("ConfigMap/web is out of sync: Sync operation blocked by sync window", None, 3600)
    ]


@pytest.mark.parametrize(
    ("app", "what"),
    [
        ({}, "ConfigMap/web is out of sync, and somebody has to sync it: automated sync is off"),
        ({"automated": {}}, "ConfigMap/web is out of sync, and its automated sync is due"),
    ],
)
def test_an_application_out_of_sync_says_who_has_to_do_something(app: dict[str, Any], what: str) -> None:
    assert told(status=OUT, **app)[0][0] == what


@pytest.mark.parametrize(("heals", "for_s"), [(True, 0), (False, None)])
def test_after_a_sync_the_next_commit_or_self_heal_is_waited_for(heals: bool, for_s: float | None) -> None:
    state = {**OUT, "operationState": finished(at_s=-30)}
    ((what, since, left),) = told(automated={"selfHeal": heals}, status=state)
    assert ("self-heal backs off" in what, since, left) == (heals, 30, for_s)


def test_a_failed_sync_waits_for_somebody_to_change_something() -> None:
    condition = {"type": "SyncError", "message": "it was refused", "lastTransitionTime": at(-60)}
    ((what, since, _),) = told(automated={}, status={**OUT, "conditions": [condition]})
    assert what.startswith("a new commit, an edit or a sync by hand")
    assert (what.endswith("it was refused"), since) == (True, 60)


def test_health_names_the_objects_that_are_not_well() -> None:
    health = {"status": "Progressing", "message": "1 of 3"}
    item = {"kind": "Deployment", "name": "web", "status": "Synced", "health": health}
    status = {"health": {"status": "Progressing", "lastTransitionTime": at(-20)}, "resources": [item]}
    assert told(status=status) == [("it is Progressing: Deployment/web (1 of 3)", 20, None)]


def test_a_deletion_is_told_before_all_else_and_what_keeps_it() -> None:
    condition = {"type": "DeletionError", "message": "a kind could not be read", "lastTransitionTime": at(-5)}
    metadata = {"deletionTimestamp": at(-70), "finalizers": ["resources-finalizer.argocd.argoproj.io"]}
    found = told(metadata=metadata, status={**OUT, "conditions": [condition]})
    assert [since for _, since, _ in found] == [70, 5]
    assert "resources-finalizer" in found[0][0]


def test_what_keeps_it_from_being_written_comes_first() -> None:
    found = awaited(an_app(status=OUT), (), ["not adopted"], now=later(0))
    assert found[0].what == "nothing of it may be written: not adopted"
    error = {"type": "ComparisonError", "message": "no such path", "lastTransitionTime": at(-5)}
    assert told(status={"conditions": [error]}) == [("ComparisonError: no such path", 5, None)]
