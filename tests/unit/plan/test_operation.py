from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.manifest import JsonObject
from reconciler.plan.operation import End, Hold, Idle, Run, failed, next_move, overdue, retry_due_s, start, target
from tests.unit.plan.given import C1, C2, NOON, REPO, an_app, at, finished, later

SYNC: JsonObject = {"initiatedBy": {"username": "ada"}, "sync": {"revision": C1}}
RUNNING: JsonObject = {"operation": SYNC, "phase": "Running", "startedAt": at(-10)}


def with_state(state: JsonObject | None, **rest: Any) -> Any:
    return an_app(**({"status": {"operationState": state}} if state else {}), **rest)


def test_nothing_asked_for_is_idle() -> None:
    assert next_move(with_state(finished()), now=NOON) == Idle()


def test_a_requested_operation_starts_from_the_request_alone() -> None:
    move = next_move(with_state(finished("Failed"), operation=SYNC), now=NOON)
    assert move == Run({"operation": SYNC, "phase": "Running", "startedAt": at(0)})


def test_a_request_without_a_sync_fails() -> None:
    move = next_move(with_state(None, operation={"info": []}), now=NOON)
    assert isinstance(move, End)
    assert (move.state["phase"], move.state["finishedAt"]) == ("Failed", at(0))
    assert move.state["message"] == "Invalid operation request: no operation specified"


def test_a_running_operation_is_continued_with_what_was_recorded() -> None:
    state = {**RUNNING, "syncResult": {"revision": C2, "resources": [{"kind": "ConfigMap", "name": "a"}]}}
    assert next_move(with_state(state, operation=SYNC), now=NOON) == Run(state)


def test_a_terminating_operation_ends_failed() -> None:
    move = next_move(with_state({**RUNNING, "phase": "Terminating"}, operation=SYNC), now=NOON)
    assert isinstance(move, End)
    assert (move.state["phase"], move.state["message"]) == ("Failed", "Operation terminated")


def test_a_running_operation_whose_request_was_removed_ends() -> None:
    move = next_move(with_state(RUNNING), now=NOON)
    assert isinstance(move, End)
    assert move.state["phase"] == "Failed"


def test_a_failed_attempt_without_retry_is_over() -> None:
    state = failed(RUNNING, "it broke", now=NOON)
    assert (state["phase"], state["message"], state["finishedAt"]) == ("Failed", "it broke", at(0))


def test_a_failed_attempt_with_retries_left_waits_as_running_with_a_finish_time() -> None:
    operation = {**SYNC, "retry": {"limit": 2}}
    state = failed({**RUNNING, "operation": operation}, "it broke", now=NOON)
    assert (state["phase"], state["finishedAt"], state["retryCount"]) == ("Running", at(0), 1)
    assert state["message"] == "it broke. Retrying attempt #1 at 12:00PM."
    assert retry_due_s(state, now=NOON) == 10


def test_the_wait_before_a_retry_doubles_from_ten_seconds_up_to_its_cap() -> None:
    state: JsonObject = {**RUNNING, "operation": {**SYNC, "retry": {"limit": -1}}}
    waits = []
    for _ in range(7):
        state = failed(state, "it broke", now=NOON)
        waits.append(retry_due_s(state, now=NOON))
    assert waits == [10, 20, 40, 80, 160, 180, 180]


def test_the_last_failure_tells_how_often_it_was_tried() -> None:
    state = {**RUNNING, "operation": {**SYNC, "retry": {"limit": 3}}, "retryCount": 3}
    assert failed(state, "it broke", now=NOON)["message"] == "it broke (retried 3 times)."


def test_a_back_off_that_cannot_be_read_ends_the_operation() -> None:
    operation = {**SYNC, "retry": {"limit": 3, "backoff": {"duration": "soon"}}}
    state = failed({**RUNNING, "operation": operation}, "it broke", now=NOON)
    assert state["phase"] == "Error"
    assert "failed to retry: 'soon' is no duration" in state["message"]


WAITING: JsonObject = {
    **RUNNING,
    "operation": {**SYNC, "retry": {"limit": 5, "backoff": {"duration": "4", "factor": 3, "maxDuration": "1m"}}},
    "finishedAt": at(0),
    "retryCount": 1,
    "syncResult": {"revision": C1},
}


def test_an_operation_waits_until_its_gate_opens() -> None:
    move = next_move(with_state(WAITING, operation=WAITING["operation"]), now=later(5))
    assert isinstance(move, Hold)
    assert (move.state, move.due_s) == (WAITING, 7)


def test_a_retry_forgets_the_last_attempt_and_keeps_its_revision() -> None:
    move = next_move(with_state(WAITING, operation=WAITING["operation"]), now=later(12))
    assert isinstance(move, Run)
    assert move.state["operation"]["sync"]["revision"] == C1
    assert move.state["message"] == "Retrying operation. Attempt #1"
    assert not {"finishedAt", "syncResult"} & move.state.keys()


def test_a_retry_that_refreshes_forgets_its_revision_too() -> None:
    operation = {**WAITING["operation"], "retry": {"limit": 5, "refresh": True}}
    app = with_state({**WAITING, "operation": operation}, operation=operation)
    assert target(app, may_write=True, now=later(60)).revisions == ("main",)


@pytest.mark.parametrize(
    ("state", "operation", "revisions"),
    [
        (None, None, ("main",)),
        (None, SYNC, (C1,)),
        (None, {"sync": {}}, ("main",)),
        ({**RUNNING, "syncResult": {"revision": C2}}, SYNC, (C2,)),
        (WAITING, SYNC, ("main",)),
        ({**RUNNING, "phase": "Terminating"}, SYNC, ("main",)),
    ],
)
def test_a_pass_renders_what_its_operation_pinned(
    state: JsonObject | None, operation: JsonObject | None, revisions: tuple[str, ...]
) -> None:
    app = with_state(state, **({"operation": operation} if operation else {}))
    assert target(app, may_write=True, now=NOON).revisions == revisions


def test_a_rollback_renders_the_source_of_the_operation() -> None:
    old = {"repoURL": REPO, "path": "old", "targetRevision": "v1"}
    found = target(with_state(None, operation={"sync": {"source": old, "revision": C2}}), may_write=True, now=NOON)
    assert (found.sources[0].path, found.revisions, found.of_operation) == ("old", (C2,), True)


def two_sources(**pins: Any) -> Any:
    several = [{"repoURL": REPO, "path": "web", "targetRevision": "main"}, {"repoURL": REPO, "ref": "values"}]
    return with_state(None, spec={"sources": several}, operation={"sync": pins})


@pytest.mark.parametrize(
    ("pins", "revisions", "is_pinned"),
    [
        ({}, ("main", ""), False),
        ({"revisions": [C1, C2]}, (C1, C2), True),
        ({"revisions": ["", C2]}, ("main", C2), True),
        ({"revisions": [C1]}, (C1, ""), True),
        ({"revision": C1}, ("main", ""), False),
        ({"revisions": ["main", ""]}, ("main", ""), False),
    ],
)
def test_each_source_has_a_revision_of_its_own(pins: JsonObject, revisions: tuple[str, ...], is_pinned: bool) -> None:
    found = target(two_sources(**pins), may_write=True, now=NOON)
    assert (found.revisions, found.is_pinned, found.is_several) == (revisions, is_pinned, True)


def test_a_resumed_operation_keeps_what_it_resolved_for_each_source() -> None:
    app = two_sources(revisions=[C1, C1])
    state = {**RUNNING, "operation": {"sync": {"revisions": [C1, C1]}}, "syncResult": {"revisions": [C1, C2]}}
    running = an_app(spec=app.raw["spec"], operation=state["operation"], status={"operationState": state})
    assert target(running, may_write=True, now=NOON).revisions == (C1, C2)


def test_where_nothing_may_be_written_the_spec_is_rendered() -> None:
    assert target(with_state(None, operation=SYNC), may_write=False, now=NOON).of_operation is False


def test_a_started_operation_is_stored_as_it_was_asked_for() -> None:
    assert start(SYNC, now=NOON) == {"operation": SYNC, "phase": "Running", "startedAt": at(0)}


@pytest.mark.parametrize(("after_s", "limit_s", "ends"), [(59, 60, False), (60, 60, True), (9999, 0, False)])
def test_an_operation_that_runs_too_long_is_terminated(after_s: float, limit_s: float, ends: bool) -> None:
    state = {"operation": {"sync": {}}, "phase": "Running", "startedAt": at(0), "retryCount": 2}
    app = an_app(operation={"sync": {}}, status={"operationState": state})
    move = next_move(overdue(app, limit_s, now=later(after_s)), now=later(after_s))
    assert isinstance(move, End) is ends
    if isinstance(move, End):
        assert move.state["message"] == "Operation terminated, triggered by controller sync timeout"
    # What was read stays what a patch tests, so that it still fits.
    assert overdue(app, limit_s, now=later(after_s)).raw == app.raw
