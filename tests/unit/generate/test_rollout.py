"""The states of a progressive sync, look by look."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.generate.faults import GeneratorFault
from reconciler.generate.rollout import is_rolling, next_look, operation, reversed_deletes
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.manifest import JsonObject, LiveObject

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
BEFORE, AT, AFTER = "2026-05-04T11:00:00Z", "2026-05-04T12:00:00Z", "2026-05-04T12:00:05Z"


def step(*values: str, **more: Any) -> JsonObject:
    return {"matchExpressions": [{"key": "env", "operator": "In", "values": list(values)}], **more}


def a_set(*steps: JsonObject, states: dict[str, str] | None = None, **strategy: Any) -> ApplicationSet:
    rows = [
        {"application": name, "status": state, "step": "1", "lastTransitionTime": AT, "targetRevisions": ["r1"]}
        for name, state in (states or {}).items()
    ]
    given = {"type": "RollingSync", "rollingSync": {"steps": list(steps)}, **strategy}
    spec = {"generators": [], "template": {"metadata": {}, "spec": {}}, "strategy": given}
    return ApplicationSet.parse({"metadata": {"name": "s"}, "spec": spec, "status": {"applicationStatus": rows}})


def app(env: str, sync: str = "OutOfSync", health: str = "Healthy", revision: str = "r1", **more: Any) -> LiveObject:
    status = {"sync": {"status": sync, "revision": revision}, "health": {"status": health}, **more}
    metadata = {"name": env, "namespace": "argocd", "uid": env, "labels": {"env": env}}
    return LiveObject({"metadata": metadata, "spec": {}, "status": status})


def look(appset: ApplicationSet, *live: LiveObject) -> tuple[dict[str, str], list[str]]:
    found = next_look(appset, [one.body for one in live], {one.key.name: one for one in live}, now=NOON)
    return {row["application"]: row["status"] for row in found.states}, [one.key.name for one in found.syncs]


def test_all_begin_as_waiting() -> None:
    assert look(a_set(step("a", "b")), app("a"), app("b")) == ({"a": "Waiting", "b": "Waiting"}, [])


def test_only_an_open_step_is_synced() -> None:
    waiting = a_set(step("a"), step("b"), states={"a": "Waiting", "b": "Waiting"})
    assert look(waiting, app("a"), app("b")) == ({"a": "Pending", "b": "Waiting"}, ["a"])
    opened = a_set(step("a"), step("b"), states={"a": "Healthy", "b": "Waiting"})
    assert look(opened, app("a", "Synced"), app("b")) == ({"a": "Healthy", "b": "Pending"}, ["b"])


def test_what_was_asked_for_and_began_is_progressing_and_healthy_once_it_is() -> None:
    pending = a_set(step("a"), states={"a": "Pending"})
    assert look(pending, app("a", operationState={"startedAt": BEFORE})) == ({"a": "Pending"}, ["a"])
    assert look(pending, app("a", operationState={"startedAt": AFTER})) == ({"a": "Progressing"}, [])
    going = a_set(step("a"), states={"a": "Progressing"})
    assert look(going, app("a", "Synced", "Progressing")) == ({"a": "Progressing"}, [])
    assert look(going, app("a", "Synced")) == ({"a": "Healthy"}, [])


def test_another_revision_or_a_difference_makes_an_application_wait_again() -> None:
    done = a_set(step("z"), step("a"), states={"z": "Waiting", "a": "Healthy"})
    assert look(done, app("z"), app("a", "Synced", "Progressing", revision="r2"))[0]["a"] == "Progressing"
    assert look(done, app("z"), app("a", revision="r2"))[0]["a"] == "Waiting"
    assert look(done, app("z"), app("a"))[0]["a"] == "Waiting"


@pytest.mark.parametrize(
    ("most", "synced"), [(None, 4), (1, 1), (0, 0), ("50%", 2), ("60%", 2), ("1%", 1), ("0%", 0), (9, 4)]
)
def test_no_more_than_max_update_are_under_way(most: int | str | None, synced: int) -> None:
    names = ("a", "b", "c", "d")
    more = {} if most is None else {"maxUpdate": most}
    appset = a_set(step(*names, **more), states=dict.fromkeys(names, "Waiting"))
    assert len(look(appset, *map(app, names))[1]) == synced


def test_what_no_step_names_is_never_synced() -> None:
    appset = a_set(step("a"), states={"a": "Healthy", "x": "Waiting"})
    found = next_look(appset, [app("x").body], {"x": app("x")}, now=NOON)
    assert (found.states[0]["step"], found.states[0]["status"], found.syncs) == ("-1", "Waiting", [])
    assert found.is_done


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ([], "is empty"),
        ([{}], r"steps\[0\] needs"),
        ([step("a"), step("a")], r"steps\[1\] is the same"),
        ([{"matchExpressions": [{"key": "env", "operator": "Exists"}]}], "In or NotIn"),
    ],
)
def test_steps_that_are_none_are_told(steps: list[JsonObject], word: str) -> None:
    found = next_look(a_set(*steps), [app("a").body], {"a": app("a")}, now=NOON)
    assert re.search(word, found.invalid)


def test_a_strategy_that_is_none_is_refused() -> None:
    with pytest.raises(GeneratorFault, match="use AllAtOnce or RollingSync"):
        is_rolling(a_set(type="Sometimes"))


def test_the_sync_has_the_applications_own_options() -> None:
    policy = {"automated": {"prune": True, "enabled": False}, "syncOptions": ["CreateNamespace=true"]}
    asked = operation(LiveObject({"spec": {"syncPolicy": policy}}))
    assert asked["sync"] == {"prune": True, "syncOptions": ["CreateNamespace=true"]}
    assert (asked["retry"], asked["initiatedBy"]["automated"]) == ({"limit": 5}, True)


def test_with_reverse_order_the_last_step_goes_first_one_at_a_time() -> None:
    appset = a_set(step("a"), step("b", "c"), deletionOrder="Reverse")
    assert [one.key.name for one in reversed_deletes(appset, [app("a"), app("b"), app("c")])] == ["c"]
    assert len(list(reversed_deletes(a_set(step("a")), [app("a"), app("b")]))) == 2
