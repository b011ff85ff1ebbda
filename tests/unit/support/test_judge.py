from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.models.manifest import JsonObject
from tests.support.audit import AuditEvent
from tests.support.history import GENERATION, Commit, ObjectId
from tests.support.judge import complaints, left_behind

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE: ObjectId = ("", "configmaps", "web", "one")
TIED: JsonObject = {"preconditions": {"uid": "u", "resourceVersion": "7"}}


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def git(*generations: int | None) -> Sequence[Commit]:
    """One commit every ten seconds, with the object in this generation or without it."""
    return [Commit(at(10 * n), {} if g is None else {ONE: g}) for n, g in enumerate(generations)]


def an_event(
    second: float, verb: str, request: JsonObject, *, agent: str = "pass/a", took_s: float = 0.1
) -> AuditEvent:
    group, resource, namespace, name = ONE
    return AuditEvent(
        id=str(second),
        stage="ResponseComplete",
        verb=verb,
        user="reconciler",
        agent=f"reconciler/w {agent}",
        group=group,
        resource=resource,
        subresource="",
        namespace=namespace,
        name=name,
        uri="/",
        code=200,
        received=at(second),
        time=at(second + took_s),
        request=request,
        response=None,
    )


def applied(second: float, generation: int, *, agent: str = "pass/a", took_s: float = 0.1) -> AuditEvent:
    body = {"metadata": {"annotations": {GENERATION: str(generation)}}}
    return an_event(second, "patch", body, agent=agent, took_s=took_s)


def test_states_in_the_order_of_git_are_fine() -> None:
    events = [applied(1, 0), applied(2, 0), applied(31, 3), an_event(41, "delete", TIED)]
    assert complaints(events, git(0, 1, 2, 3, None)) == []


def test_an_older_state_after_a_newer_one_is_going_back() -> None:
    assert "went back to generation 0" in complaints([applied(11, 1), applied(12, 0)], git(0, 1))[0]


def test_an_older_state_is_fine_where_git_itself_went_back() -> None:
    assert complaints([applied(11, 1), applied(21, 0)], git(0, 1, 0)) == []


def test_creating_again_what_git_removed_is_going_back() -> None:
    events = [applied(1, 0), an_event(11, "delete", TIED), applied(12, 0)]
    assert "went back" in complaints(events, git(0, None))[0]


def test_a_state_that_no_commit_holds_is_told() -> None:
    assert "which Git never held" in complaints([applied(1, 9)], git(0))[0]


def test_a_state_from_a_commit_yet_to_come_is_told() -> None:
    assert complaints([applied(1, 1)], git(0, 1)) != []


def test_a_deletion_without_a_commit_is_told() -> None:
    assert "no commit removed it" in complaints([an_event(1, "delete", TIED)], git(0, 1))[0]


def test_a_deletion_before_its_commit_is_told() -> None:
    assert "no commit removed it" in complaints([an_event(5, "delete", TIED)], git(0, None))[0]


def test_a_commit_before_the_object_came_justifies_nothing() -> None:
    assert "no commit removed it" in complaints([an_event(15, "delete", TIED)], git(None, 0))[0]


def test_the_deletion_of_its_application_justifies_a_deletion_from_then_on() -> None:
    early, late = an_event(1, "delete", TIED), an_event(9, "delete", TIED)
    assert complaints([late], git(0), {"web": at(5)}) == []
    assert complaints([early], git(0), {"web": at(5)}) != []


def test_a_deletion_that_is_not_tied_to_what_was_read_is_told() -> None:
    assert "without preconditions" in complaints([an_event(11, "delete", {})], git(0, None))[0]


def test_two_passes_at_the_same_time_are_told() -> None:
    events = [applied(1, 0, agent="pass/a"), applied(2, 0, agent="pass/b"), applied(3, 0, agent="pass/a")]
    assert "wrote at the same time" in complaints(events, git(0))[0]


def test_a_late_write_that_was_refused_overlaps_with_nobody() -> None:
    refused = replace(applied(3, 0, agent="pass/a"), code=409)
    assert complaints([applied(1, 0, agent="pass/a"), applied(2, 0, agent="pass/b"), refused], git(0)) == []


def test_two_passes_one_after_the_other_are_fine() -> None:
    events = [applied(1, 0, agent="pass/a"), applied(2, 0, agent="pass/a"), applied(3, 0, agent="pass/b")]
    assert complaints(events, git(0)) == []


def test_what_outlives_its_application_was_left_behind() -> None:
    assert left_behind([ONE], ["web"]) == ["configmaps/web/one was left behind by its Application"]
    assert left_behind([ONE], ["other"]) == []
