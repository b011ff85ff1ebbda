"""Sync windows: which concern an application, when they are active, and what follows for people and for automation."""

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.models.application import Application
from reconciler.models.project import SyncWindow
from reconciler.plan.build import build_plan
from reconciler.plan.operation import Run
from reconciler.plan.steps import Plan
from reconciler.plan.windows import BLOCKED, Closed, applies, closed
from tests.unit.plan.given import NOON, a_map, a_policy, an_app, at, later, missing, rules, sees, wants

NAMED = {"spec": {"destination": {"name": "prod-east", "namespace": "shop"}}}


def window(kind: str = "deny", schedule: str = "0 11 * * *", duration: str = "2h", **more: Any) -> SyncWindow:
    """By default one that is active at noon and concerns everything."""
    chosen = {"applications": ["*"]} if not {"applications", "namespaces", "clusters"} & set(more) else {}
    body = {"kind": kind, "schedule": schedule, "duration": duration, **chosen, **more}
    return SyncWindow.model_validate(body)


def shut(kind: str = "deny", **more: Any) -> SyncWindow:
    """The same, not active at noon: it opens at 13:00."""
    return window(kind, "0 13 * * *", **more)


OPEN = None
UNTIL_ONE = Closed(BLOCKED, 3600.0)


@pytest.mark.parametrize(
    ("windows", "by_itself", "by_hand"),
    [
        ([], OPEN, OPEN),
        ([window("deny")], UNTIL_ONE, UNTIL_ONE),
        ([window("deny", manualSync=True)], UNTIL_ONE, OPEN),
        ([window("deny", manualSync=True), window("deny")], UNTIL_ONE, UNTIL_ONE),
        ([window("deny"), window("allow")], UNTIL_ONE, UNTIL_ONE),
        ([window("allow")], OPEN, OPEN),
        ([window("allow"), shut("allow")], OPEN, OPEN),
        ([shut("allow")], UNTIL_ONE, UNTIL_ONE),
        ([shut("allow", manualSync=True)], UNTIL_ONE, OPEN),
        ([shut("allow", manualSync=True), shut("allow")], UNTIL_ONE, UNTIL_ONE),
        ([shut("deny")], OPEN, OPEN),
        ([shut("deny"), shut("allow")], UNTIL_ONE, UNTIL_ONE),
    ],
)
def test_windows_decide_as_upstream_does(
    windows: list[SyncWindow], by_itself: Closed | None, by_hand: Closed | None
) -> None:
    assert closed(an_app(), windows, manual=False, now=NOON) == by_itself
    assert closed(an_app(), windows, manual=True, now=NOON) == by_hand


@pytest.mark.parametrize(
    ("chosen", "app", "concerned"),
    [
        ({"applications": ["guest*"]}, {}, True),
        ({"applications": ["argocd/guestbook"]}, {}, False),
        ({"namespaces": ["sh?p"]}, {}, True),
        ({"clusters": ["https://one.*"]}, {}, True),
        ({"clusters": ["https://one.example"]}, NAMED, False),
        ({"clusters": ["prod-*"]}, NAMED, True),
        ({"applications": ["other"], "namespaces": ["shop"]}, {}, True),
        ({"applications": ["other"], "namespaces": ["shop"], "andOperator": True}, {}, False),
        ({"applications": ["guestbook"], "namespaces": ["shop"], "andOperator": True}, {}, True),
        ({"applications": [], "namespaces": [], "clusters": []}, {}, False),
    ],
)
def test_a_window_concerns_what_its_lists_name(chosen: dict[str, Any], app: dict[str, Any], concerned: bool) -> None:
    assert applies(window(**chosen), an_app(**app)) is concerned


@pytest.mark.parametrize(
    ("zone", "active"),
    [("", False), ("UTC", False), ("Europe/Berlin", True), ("America/New_York", False)],
)
def test_a_window_follows_the_clocks_of_its_zone(zone: str, active: bool) -> None:
    # 14:00 to 15:00 on the wall; at noon UTC it is 14:00 in Berlin, in summer.
    there = window(schedule="0 14 * * *", duration="1h", timeZone=zone)
    assert (closed(an_app(), [there], manual=False, now=NOON) is not None) is active


def test_a_window_opens_an_hour_earlier_on_the_day_when_clocks_are_put_forward() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    there = window("allow", "0 12 * * 0", "1h", timeZone="Europe/Berlin")
    assert closed(an_app(), [there], manual=False, now=before) == Closed(BLOCKED, 22 * 3600.0)


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"schedule": "* * *"}, "has 3 fields"),
        ({"duration": "long"}, "'long' is no duration"),
        ({"timeZone": "Middle/Earth"}, "unknown time zone 'Middle/Earth'"),
        ({"timeZone": "../../etc/passwd"}, "unknown time zone"),
        ({"kind": "maybe"}, "kind 'maybe'"),
    ],
)
def test_a_window_that_cannot_be_read_closes_all_and_says_why(broken: dict[str, Any], complaint: str) -> None:
    unread = window(**broken)
    for manual in (True, False):
        found = closed(an_app(), [window("allow"), unread], manual=manual, now=NOON)
        assert found is not None
        assert complaint in found.why
        assert found.due_s is None
    assert closed(an_app(), [window(**{**broken, "applications": ["other"]})], manual=False, now=NOON) is None


@pytest.mark.parametrize(
    ("windows", "started_s", "goes_on"),
    [
        # Active from 11:00: one that began at 10:30 began in an open time, one at 11:30 did not.
        ([window(syncOverrun=True)], -5400, True),
        ([window(syncOverrun=True)], -1800, False),
        ([window()], -5400, False),
        ([window(syncOverrun=True), window()], -5400, False),
        ([shut("allow", syncOverrun=True), window("allow", "0 10 * * *", "1h", syncOverrun=True)], -5400, True),
        ([shut("allow", syncOverrun=True), window("allow", "0 10 * * *", "1h")], -5400, False),
    ],
)
def test_an_operation_that_runs_overruns_where_every_closed_window_lets_it(
    windows: list[SyncWindow], started_s: float, goes_on: bool
) -> None:
    found = closed(an_app(), windows, manual=False, now=NOON, started=later(started_s))
    assert (found is None) is goes_on


def planned(app: Application, *windows: SyncWindow) -> Plan:
    project = rules(syncWindows=[item.to_json() for item in windows])
    return build_plan(app, wants(a_map()), sees(missing(a_map())), a_policy(project=project), now=NOON)


def test_no_automated_sync_starts_in_a_closed_window_and_the_next_edge_is_waited_for() -> None:
    plan = planned(an_app(automated={}), window())
    assert (plan.steps, plan.operation_state, plan.next_due_s) == ((), None, 3600.0)
    assert plan.why == BLOCKED
    assert len(planned(an_app(automated={}), shut()).steps) == 1


def test_an_operation_that_people_asked_for_waits_running_until_the_window_opens() -> None:
    plan = planned(an_app(operation={"sync": {}}), window())
    assert isinstance(plan.decision, Run)
    assert plan.steps == ()
    assert plan.operation_state is not None
    assert (plan.operation_state["phase"], plan.operation_state["message"]) == ("Running", BLOCKED)
    assert (plan.waits, plan.next_due_s) == (True, 3600.0)
    assert len(planned(an_app(operation={"sync": {}}), window(manualSync=True)).steps) == 1


def test_a_retry_keeps_the_one_who_asked_first() -> None:
    automated = {"sync": {}, "initiatedBy": {"automated": True}}
    state = {"operation": automated, "phase": "Running", "startedAt": at(-60)}
    app = an_app(operation=automated, status={"operationState": state})
    assert planned(app, window(manualSync=True)).steps == ()
