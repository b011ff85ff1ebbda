"""What somebody who waits is told."""

from typing import Any

from reconciler.cli.app.changes import changes, summary
from reconciler.models.application import Application
from tests.unit.plan.given import C1, C2, an_app, finished

RESULT = {"kind": "ConfigMap", "namespace": "shop", "name": "web", "status": "Synced", "message": "created"}


def standing(revision: str = C1, health: str = "Healthy", **rest: Any) -> Application:
    return an_app(status={"sync": {"status": "Synced", "revision": revision}, "health": {"status": health}, **rest})


def state(phase: str, *results: dict[str, str]) -> dict[str, Any]:
    found = finished(phase)
    return {**found, "syncResult": {**found["syncResult"], "resources": list(results)}}


def test_nothing_new_is_not_told() -> None:
    app = standing(operationState=state("Running", RESULT))
    assert changes(app, app) == []


def test_verdicts_are_told_at_first_and_whenever_they_change() -> None:
    assert changes(None, standing()) == ["sync Synced at 1111111", "health Healthy"]
    assert changes(standing(), standing(C2, "Degraded")) == ["sync Synced at 2222222", "health Degraded"]


def test_each_object_of_an_operation_is_told_once_and_before_the_end() -> None:
    running, done = standing(operationState=state("Running")), standing(operationState=state("Succeeded", RESULT))
    assert changes(running, done) == ["ConfigMap shop/web: Synced created", "operation Succeeded: as it went"]


def test_an_old_operation_is_no_news() -> None:
    assert not any("operation" in line for line in changes(None, standing(operationState=state("Failed", RESULT))))


def test_an_operation_that_was_just_requested_does_not_tell_of_the_one_before() -> None:
    requested = an_app(operation={"sync": {}}, status={"operationState": state("Failed", RESULT)})
    assert not any("operation" in line for line in changes(None, requested))
    assert "operation Running: as it went" in changes(None, standing(operationState=state("Running")))


def test_health_of_single_objects_and_conditions_are_told() -> None:
    item = {
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "health": {"status": "Progressing", "message": "1 of 3"},
    }
    condition = {"type": "SyncError", "message": "no"}
    told = changes(standing(), standing(resources=[item], conditions=[condition]))
    assert told == ["Deployment shop/web: Progressing 1 of 3", "SyncError: no"]


def test_the_summary_names_an_operation_that_nobody_has_begun() -> None:
    requested = an_app(operation={"sync": {}}, status={"operationState": finished()})
    assert summary(requested) == "guestbook: operation requested, Unknown, Unknown"
