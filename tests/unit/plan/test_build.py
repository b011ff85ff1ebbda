"""One pass after the other, as values: what is decided, what is recorded, and that a successor can go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Condition, Desired, Observed, Reading
from reconciler.models.result import ObjectResult
from reconciler.plan.build import build_plan, judge
from reconciler.plan.operation import OVERDUE, attempt_of
from reconciler.plan.patch import claim_patch, status_patch
from reconciler.plan.status import due_after, next_status
from reconciler.plan.steps import Plan
from reconciler.plan.tracking import stamped
from tests.unit.plan.given import (
    C1,
    C2,
    NOON,
    SOURCE,
    a_map,
    a_policy,
    an_app,
    annotated,
    at,
    done,
    drifted,
    equal,
    finished,
    later,
    live,
    missing,
    patched,
    rules,
    sees,
    wants,
)

WEB, API = a_map("web"), a_map("api")
MANUAL: JsonObject = {"initiatedBy": {"username": "ada"}, "sync": {"revision": C1}}
NOTHING = sees()


def plan_of(app: Application, desired: Desired | None, observed: Observed, *, now: Any = NOON, **policy: Any) -> Plan:
    return build_plan(app, desired, observed, a_policy(**policy), now=now)


def all_equal(desired: Desired) -> Observed:
    return sees(*map(equal, desired.manifests))


def record(
    app: Application, plan: Plan, results: list[ObjectResult] | None, after: Observed | None = None, *, now: Any = NOON
) -> tuple[JsonObject, list[JsonObject], Application]:
    """Status, patch, and the Application with the patch applied."""
    compared = judge(app, plan.desired, after, plan.policy) if after else None
    status = next_status(app, plan, results, compared, now=now)
    patch = status_patch(app, plan, status)
    return status, patch, patched(app, patch)


def written(patch: list[JsonObject]) -> set[str]:
    return {change["path"] for change in patch if change["op"] != "test"}


# (a) one pass, one patch


def test_an_automated_sync_starts_and_ends_in_one_pass_with_one_patch_and_no_request() -> None:
    app, desired = an_app(automated={}), wants(WEB, API)
    plan = plan_of(app, desired, sees(missing(WEB), drifted(API)))
    assert [(step.action, step.key.name) for step in plan.steps] == [("apply", "api"), ("create", "web")]
    assert not plan.must_be_claimed
    status, patch, after = record(app, plan, done(plan), all_equal(desired))
    assert status["operationState"]["phase"] == "Succeeded"
    assert status["operationState"]["message"] == "successfully synced (all tasks run)"
    assert status["sync"]["status"] == "Synced"
    assert status["sync"]["revision"] == C1
    assert after.operation is None
    assert not any(change["path"] == "/operation" for change in patch if change["op"] != "test")
    assert due_after(app, plan, status, now=NOON)[0] is None


def test_the_status_after_a_sync_has_the_shape_of_argo_cd() -> None:
    app, desired = an_app(automated={"prune": True}, policy={"syncOptions": ["CreateNamespace=true"]}), wants(WEB)
    plan = plan_of(app, desired, sees(missing(WEB), namespaces_missing=frozenset({"shop"})))
    status, _, _ = record(app, plan, done(plan), all_equal(desired))
    operation = {
        "initiatedBy": {"automated": True},
        "retry": {"limit": 5},
        "sync": {"prune": True, "revision": C1, "source": SOURCE, "syncOptions": ["CreateNamespace=true"]},
    }
    result = {"status": "Synced", "hookPhase": "Running", "version": "v1", "group": ""}
    namespace = {"kind": "Namespace", "name": "shop", "namespace": "", "syncPhase": "PreSync", **result}
    config = {"kind": "ConfigMap", "name": "web", "namespace": "shop", "syncPhase": "Sync", **result}
    assert status == {
        "sync": {
            "status": "Synced",
            "comparedTo": {
                "source": SOURCE,
                "destination": {"server": app.spec.destination.server, "namespace": "shop"},
            },
            "revision": C1,
        },
        "health": {"status": "Healthy", "lastTransitionTime": at(0)},
        "resources": [
            {
                "version": "v1",
                "kind": "ConfigMap",
                "namespace": "shop",
                "name": "web",
                "status": "Synced",
                "health": {"status": "Healthy"},
            }
        ],
        "history": [
            {
                "id": 0,
                "revision": C1,
                "source": SOURCE,
                "deployStartedAt": at(0),
                "deployedAt": at(0),
                "initiatedBy": {"automated": True},
            }
        ],
        "operationState": {
            "operation": operation,
            "phase": "Succeeded",
            "message": "successfully synced (all tasks run)",
            "startedAt": at(0),
            "finishedAt": at(0),
            "syncResult": {
                "revision": C1,
                "source": SOURCE,
                "resources": [
                    {**namespace, "message": "namespace/shop created"},
                    {**config, "message": "configmap/web created"},
                ],
            },
        },
        "summary": {},
        "sourceType": "Directory",
        "controllerNamespace": "argocd",
        "reconciledAt": at(0),
    }


def test_a_pass_that_finds_nothing_new_writes_nothing() -> None:
    app, desired = an_app(automated={}), wants(WEB)
    first = plan_of(app, desired, sees(missing(WEB)))
    _, _, settled = record(app, first, done(first), all_equal(desired))
    again = plan_of(settled, desired, all_equal(desired), now=later(900))
    status, patch, _ = record(settled, again, None, now=later(900))
    assert (again.steps, patch) == ((), [])
    assert status["reconciledAt"] == at(0)


# (b) an operation that goes on in another pass


def test_an_unfinished_sync_is_written_down_and_a_successor_continues_it() -> None:
    app, desired = an_app(automated={}), wants(WEB, API)
    plan = plan_of(app, desired, sees(missing(WEB), missing(API)))
    status, _, middle = record(app, plan, done(plan, first=1), sees(missing(WEB), equal(API)))
    assert status["operationState"]["phase"] == "Running"
    assert middle.raw["operation"] == status["operationState"]["operation"]
    assert due_after(app, plan, status, now=NOON) == (0.0, "the operation goes on")
    second = plan_of(middle, desired, sees(missing(WEB), equal(API)), now=later(1))
    assert [step.key.name for step in second.steps] == ["web"]
    ended, _, over = record(middle, second, done(second), all_equal(desired), now=later(1))
    assert (ended["operationState"]["phase"], ended["operationState"]["startedAt"]) == ("Succeeded", at(0))
    assert [item["name"] for item in ended["operationState"]["syncResult"]["resources"]] == ["api", "web"]
    assert over.operation is None
    assert [item["id"] for item in ended["history"]] == [0]


def test_a_successor_does_not_write_again_what_its_predecessor_wrote() -> None:
    app, desired = an_app(automated={}), wants(WEB, API)
    plan = plan_of(app, desired, sees(missing(WEB), missing(API)))
    _, _, middle = record(app, plan, done(plan, first=1), sees(missing(WEB), equal(API)))
    second = plan_of(middle, desired, sees(missing(WEB), drifted(API)), now=later(1))
    assert [step.key.name for step in second.steps] == ["web"]


def test_a_failure_before_the_end_still_fails_the_operation_when_the_rest_is_done() -> None:
    app, desired = an_app(operation=MANUAL), wants(WEB, API)
    seen = sees(missing(WEB), missing(API))
    plan = plan_of(app, desired, seen)
    _, _, middle = record(app, plan, done(plan, but={"api": "refused"}, first=1), seen)
    second = plan_of(middle, desired, seen)
    assert [step.key.name for step in second.steps] == ["web"]
    status, _, _ = record(middle, second, done(second), seen)
    assert status["operationState"]["phase"] == "Failed"
    assert status["operationState"]["message"] == "one or more objects failed to apply, reason: refused"


def test_an_automated_sync_with_hooks_begins_by_being_written_down_so_that_they_are_read() -> None:
    base = a_map("migrate")
    marks = {**base.annotations, "argocd.argoproj.io/hook": "PreSync"}
    hook = Manifest({**base.body, "metadata": {**base.metadata, "annotations": marks}})
    app, desired = an_app(automated={}), replace(wants(WEB), hooks=(hook,))
    plan = plan_of(app, desired, sees(missing(WEB)))
    assert plan.steps == ()
    status, _, middle = record(app, plan, None)
    assert (status["operationState"]["phase"], middle.operation is not None) == ("Running", True)
    assert due_after(app, plan, status, now=NOON) == (0.0, "the operation goes on")
    second = plan_of(middle, desired, sees(missing(WEB), hooks={hook.key: None}), now=later(1))
    assert [(step.action, step.key.name) for step in second.steps] == [("start", "migrate")]


def test_where_no_step_could_be_tried_nothing_is_started() -> None:
    app, desired = an_app(automated={}), wants(WEB)
    plan = plan_of(app, desired, sees(missing(WEB)))
    status, _, after = record(app, plan, None)
    assert "operationState" not in status
    assert after.operation is None


# (c) asked for by hand


def test_an_operation_asked_for_is_run_and_its_request_removed_by_the_patch_that_ends_it() -> None:
    app, desired = an_app(operation=MANUAL), wants(WEB)
    plan = plan_of(app, desired, sees(missing(WEB)))
    status, patch, after = record(app, plan, done(plan), all_equal(desired))
    assert status["operationState"]["operation"] == MANUAL
    assert status["history"][0]["initiatedBy"] == {"username": "ada"}
    assert {"op": "test", "path": "/operation", "value": MANUAL} in patch
    assert {"op": "remove", "path": "/operation"} in patch
    assert after.operation is None


def test_an_operation_has_the_options_it_carries_and_not_those_of_the_spec() -> None:
    app = an_app(operation=MANUAL, policy={"syncOptions": ["CreateNamespace=true"]})
    seen = sees(missing(WEB), namespaces_missing=frozenset({"shop"}))
    assert [step.key.kind for step in plan_of(app, wants(WEB), seen).steps] == ["ConfigMap"]
    asked = {"sync": {"revision": C1, "syncOptions": ["CreateNamespace=true"]}}
    steps = plan_of(an_app(operation=asked), wants(WEB), seen).steps
    assert [step.key.kind for step in steps] == ["Namespace", "ConfigMap"]
    assert steps[0].manifest is not None
    assert not steps[0].manifest.annotations


def test_a_sync_to_another_revision_leaves_the_verdict_on_the_spec_alone_and_is_due_at_once() -> None:
    shown = {"sync": {"status": "Synced", "revision": C2}, "resources": []}
    app = an_app(operation=MANUAL, status=shown)
    plan = plan_of(app, wants(WEB, revision=C1), sees(missing(WEB)))
    status, _, _ = record(app, plan, done(plan), all_equal(wants(WEB)))
    assert status["sync"] == shown["sync"]
    assert status["operationState"]["syncResult"]["revision"] == C1
    assert due_after(app, plan, status, now=NOON)[0] == 0.0


def test_a_request_that_came_in_during_the_pass_makes_the_patch_fail() -> None:
    app, desired = an_app(automated={}), wants(WEB)
    plan = plan_of(app, desired, sees(missing(WEB)))
    status = next_status(app, plan, done(plan), None, now=NOON)
    asked = an_app(automated={}, operation=MANUAL)
    with pytest.raises(AssertionError, match="/operation"):
        patched(asked, status_patch(app, plan, status))


# (d) terminate


def test_a_terminated_operation_ends_failed_and_writes_nothing() -> None:
    state = {"operation": MANUAL, "phase": "Terminating", "startedAt": at(-5), "syncResult": {"revision": C2}}
    app = an_app(operation=MANUAL, status={"operationState": state})
    plan = plan_of(app, wants(WEB), sees(missing(WEB)))
    assert plan.steps == ()
    status, _, after = record(app, plan, None)
    assert status["operationState"]["phase"] == "Failed"
    assert status["operationState"]["message"] == "Operation terminated"
    assert status["operationState"]["syncResult"] == {"revision": C2}
    assert after.operation is None


def a_terminated_app(*, withdrawn: bool = False, **state: Any) -> Application:
    """Its operation has started a hook that ran when it was last seen."""
    hook = {
        "kind": "Job",
        "group": "batch",
        "version": "v1",
        "name": "never",
        "namespace": "shop",
        "hookType": "PreSync",
    }
    result = {"revision": C1, "resources": [{**hook, "hookPhase": "Running", "syncPhase": "PreSync"}]}
    began = {"operation": MANUAL, "phase": "Terminating", "startedAt": at(-9000), "syncResult": result, **state}
    request = {} if withdrawn else {"operation": MANUAL}
    return an_app(status={"operationState": began}, **request)


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (a_terminated_app(), ""),
        (a_terminated_app(message=OVERDUE), OVERDUE),
        (a_terminated_app(phase="Running", message="as it went", withdrawn=True), "as it went"),
    ],
)
def test_the_end_of_an_operation_with_hooks_waits_for_its_destination_but_not_for_ever(
    app: Application, message: str
) -> None:
    away = Condition("ComparisonError", "the cluster is away")
    asked, states = app.operation, []
    for now_s in (0, 200, 299, 301):
        plan = plan_of(app, None, NOTHING, conditions=(away,), is_outage=True, now=later(now_s))
        status, _, app = record(app, plan, None, now=later(now_s))
        states.append(status["operationState"])
        if now_s < 300:
            assert due_after(app, plan, status, now=later(now_s))[0] == 15
            assert app.operation == asked
    assert [state["phase"] for state in states] == ["Terminating"] * 3 + ["Error"]
    assert [state.get("message", "") for state in states[:3]] == [message] * 3
    assert "could not be read" in states[-1]["message"]
    assert app.operation is None


def a_running_hook(app: Application) -> LiveObject:
    """The hook of `a_terminated_app`, as its first attempt has started it."""
    stamp = {"reconciler.dev/operation": f"{attempt_of(app, {'startedAt': at(-9000)})}/PreSync"}
    metadata = {"name": "never", "namespace": "shop"}
    job = live(stamped(Manifest({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}), "guestbook", "shop"))
    return live(job, annotations={**job.annotations, **stamp}, finalizers=["argocd.argoproj.io/hook-finalizer"])


def test_an_operation_whose_destination_comes_back_ends_with_its_hooks() -> None:
    away = Condition("ComparisonError", "the cluster is away")
    app = a_terminated_app()
    _, _, waiting = record(app, plan_of(app, None, NOTHING, conditions=(away,), is_outage=True), None)
    hook = a_running_hook(app)
    plan = plan_of(waiting, wants(WEB), sees(equal(WEB), hooks={hook.key: hook}), now=later(30))
    assert [(step.action, step.key.name) for step in plan.steps] == [("clean", "never")]
    status, _, after = record(waiting, plan, done(plan), now=later(30))
    state = status["operationState"]
    assert (state["phase"], state["message"], state["finishedAt"]) == ("Failed", "Operation terminated", at(30))
    assert after.operation is None


def test_an_operation_whose_hooks_stay_unread_for_another_reason_ends_at_once() -> None:
    broken = Condition("InvalidSpecError", "no such cluster")
    plan = plan_of(a_terminated_app(), None, NOTHING, conditions=(broken,))
    assert record(a_terminated_app(), plan, None)[0]["operationState"]["phase"] == "Error"


@pytest.mark.parametrize(
    ("desired", "project", "conditions", "phase", "message"),
    [
        (None, {}, (Condition("ComparisonError", "it does not render"),), "Error", "it does not render"),
        (
            wants(WEB, conditions=(Condition("SharedResourceWarning", "web is another one's"),)),
            {},
            (),
            "Failed",
            "web is another one's",
        ),
        (wants(WEB), {"namespaceResourceBlacklist": [{"group": "", "kind": "ConfigMap"}]}, (), "Failed", "not valid"),
    ],
    ids=["an error of the comparison", "a refusal by its options", "an object that is not permitted"],
)
@pytest.mark.parametrize("limit", [0, 2])
def test_an_attempt_that_fails_out_of_turn_takes_its_running_hooks_along(
    desired: Desired | None, project: Any, conditions: tuple[Condition, ...], phase: str, message: str, limit: int
) -> None:
    asked = {
        **MANUAL,
        "sync": {**MANUAL["sync"], "syncOptions": ["FailOnSharedResource=true"]},
        "retry": {"limit": limit},
    }
    app = a_terminated_app(phase="Running", operation=asked)
    hook = a_running_hook(app)
    plan = plan_of(
        app, desired, sees(missing(WEB), hooks={hook.key: hook}), project=rules(**project), conditions=conditions
    )
    assert [(step.action, step.key.name) for step in plan.steps] == [("clean", "never")]
    assert plan.must_be_claimed
    assert record(app, plan, [])[0]["operationState"]["phase"] == "Running"
    state = record(app, plan, done(plan))[0]["operationState"]
    assert (state["phase"], state.get("retryCount", 0)) == ((phase, 0) if limit == 0 else ("Running", 1))
    assert (message in state["message"], state["finishedAt"]) == (True, at(0))


def test_an_attempt_that_nobody_may_write_for_leaves_its_hooks() -> None:
    app = a_terminated_app(phase="Running")
    hook = a_running_hook(app)
    plan = plan_of(app, wants(WEB), sees(missing(WEB), hooks={hook.key: hook}), identity_problem="nobody is named")
    assert plan.steps == ()
    assert record(app, plan, None)[0]["operationState"]["phase"] == "Error"


def test_a_termination_that_nobody_may_write_for_leaves_its_hooks() -> None:
    app = a_terminated_app()
    hook = a_running_hook(app)
    plan = plan_of(app, wants(WEB), sees(missing(WEB), hooks={hook.key: hook}), identity_problem="nobody is named")
    assert (plan.steps, record(app, plan, None)[0]["operationState"]["phase"]) == ((), "Failed")


# (e) retry


def test_a_failed_attempt_waits_as_running_and_is_tried_again_when_its_time_has_come() -> None:
    app, desired = an_app(automated={}), wants(WEB)
    seen = sees(missing(WEB))
    plan = plan_of(app, desired, seen)
    status, _, waiting = record(app, plan, done(plan, but={"web": "refused"}), seen)
    state = status["operationState"]
    assert (state["phase"], state["finishedAt"], state["retryCount"]) == ("Running", at(0), 1)
    assert waiting.operation is not None
    assert due_after(app, plan, status, now=NOON)[0] == 10
    early = plan_of(waiting, desired, seen, now=later(4))
    assert (early.steps, early.next_due_s) == ((), 6)
    assert record(waiting, early, None, now=later(4))[1] == []
    again = plan_of(waiting, desired, seen, now=later(10))
    assert [step.key.name for step in again.steps] == ["web"]
    good, _, over = record(waiting, again, done(again), all_equal(desired), now=later(10))
    assert good["operationState"]["phase"] == "Succeeded"
    assert over.operation is None


def test_nulls_in_a_stored_operation_do_not_stop_a_pass() -> None:
    operation = {"sync": {"revision": C1, "source": None, "resources": None}, "retry": {"limit": 5, "backoff": None}}
    state = {
        "operation": operation,
        "phase": "Running",
        "startedAt": at(-9),
        "finishedAt": at(-1),
        "retryCount": 1,
        "syncResult": None,
    }
    app = an_app(
        automated={}, operation=operation, status={"operationState": state, "conditions": None, "history": None}
    )
    held = plan_of(app, wants(WEB), sees(missing(WEB)))
    status, _, _ = record(app, held, None)
    assert due_after(app, held, status, now=NOON)[0] == 9
    again = plan_of(app, wants(WEB), sees(missing(WEB)), now=later(9))
    ended, _, over = record(app, again, done(again), all_equal(wants(WEB)), now=later(9))
    assert (ended["operationState"]["phase"], over.operation) == ("Succeeded", None)


# (f) dry run


def test_a_dry_run_writes_nothing_to_the_cluster_and_enters_no_history() -> None:
    app = an_app(operation={"sync": {"revision": C1, "dryRun": True, "prune": True}})
    plan = plan_of(app, wants(WEB, API), sees(missing(WEB), equal(API), live(a_map("old"))))
    assert plan.steps == ()
    status, _, after = record(app, plan, None)
    assert status["operationState"]["phase"] == "Succeeded"
    messages = {item["name"]: item["message"] for item in status["operationState"]["syncResult"]["resources"]}
    assert messages == {
        "web": "configmap/web created (dry run)",
        "api": "configmap/api unchanged",
        "old": "pruned (dry run)",
    }
    assert "history" not in status
    assert after.operation is None


# (g) subset


def test_a_partial_sync_writes_what_it_names_and_enters_no_history() -> None:
    named = [{"kind": "ConfigMap", "name": "web"}, {"kind": "ConfigMap", "name": "api", "namespace": "elsewhere"}]
    app = an_app(operation={"sync": {"revision": C1, "resources": named, "prune": True}})
    seen = sees(missing(WEB), missing(API), live(a_map("old")))
    plan = plan_of(app, wants(WEB, API), seen)
    assert [step.key.name for step in plan.steps] == ["web"]
    status, _, _ = record(app, plan, done(plan), sees(equal(WEB), missing(API)))
    assert status["operationState"]["phase"] == "Succeeded"
    assert "history" not in status


# (h) a failure is not repeated


def test_a_failed_automated_sync_says_so_at_once_and_is_not_tried_again_for_the_same_revision() -> None:
    app, desired = an_app(automated={"selfHeal": True}, policy={"retry": {"limit": 0}}), wants(WEB)
    seen = sees(missing(WEB))
    plan = plan_of(app, desired, seen)
    status, _, over = record(app, plan, done(plan, but={"web": "refused"}), seen)
    message = f"Failed last sync attempt to [{C1}]: one or more objects failed to apply, reason: refused"
    assert status["conditions"] == [{"type": "SyncError", "message": message, "lastTransitionTime": at(0)}]
    again = plan_of(over, desired, seen, now=later(900))
    assert again.steps == ()
    assert record(over, again, None, now=later(900))[1] == []
    newer = plan_of(over, wants(WEB, revision=C2), seen, now=later(900))
    assert [step.key.name for step in newer.steps] == ["web"]


# (i) self-heal


def test_drift_is_healed_by_a_partial_sync_that_counts_and_backs_off() -> None:
    status = {"operationState": finished(at_s=-1, autoHealAttemptsCount=1)}
    app, desired = an_app(automated={"selfHeal": True}, status=status), wants(WEB, API)
    seen = sees(drifted(WEB), equal(API))
    early = plan_of(app, desired, seen)
    assert (early.steps, early.next_due_s) == ((), 1)
    plan = plan_of(app, desired, seen, now=later(1))
    assert [(step.action, step.key.name) for step in plan.steps] == [("apply", "web")]
    assert [difference.path for difference in plan.steps[0].differences] == ["data.colour"]
    after, _, _ = record(app, plan, done(plan), all_equal(desired), now=later(1))
    sync = after["operationState"]["operation"]["sync"]
    assert sync["autoHealAttemptsCount"] == 2
    assert sync["resources"] == [{"kind": "ConfigMap", "name": "web"}]
    assert "history" not in after


def test_what_a_heal_left_out_of_sync_is_due_after_the_next_back_off() -> None:
    app, desired = an_app(automated={"selfHeal": True}), wants(WEB)
    seen = sees(drifted(WEB))
    plan = plan_of(app, desired, seen)
    status, _, again = record(app, plan, done(plan), seen)
    assert due_after(app, plan, status, now=NOON) == (0.0, "self-heal backs off")
    heal = plan_of(again, desired, seen)
    status, _, _ = record(again, heal, done(heal), seen)
    assert due_after(again, heal, status, now=NOON) == (2.0, "self-heal backs off")


# (j) allowEmpty


def test_an_automated_sync_never_removes_everything() -> None:
    app = an_app(automated={"prune": True})
    plan = plan_of(app, wants(), sees(live(WEB)))
    message = f"Skipping sync attempt to [{C1}]: auto-sync will wipe out all resources"
    assert (plan.steps, plan.conditions) == ((), (Condition("SyncError", message),))
    allowed = plan_of(an_app(automated={"prune": True, "allowEmpty": True}), wants(), sees(live(WEB)))
    assert [(step.action, step.key.name) for step in allowed.steps] == [("prune", "web")]


# (k) prune off


def test_without_prune_extra_objects_are_reported_and_stay() -> None:
    app = an_app(automated={})
    old = live(a_map("old"))
    plan = plan_of(app, wants(WEB), sees(missing(WEB), old))
    assert [step.key.name for step in plan.steps] == ["web"]
    status, _, over = record(app, plan, done(plan), sees(equal(WEB), old))
    results = {
        item["name"]: (item["status"], item["message"]) for item in status["operationState"]["syncResult"]["resources"]
    }
    assert results["old"] == ("PruneSkipped", "ignored (requires pruning)")
    assert status["sync"]["status"] == "OutOfSync"
    assert {"name": "old", "requiresPruning": True}.items() <= status["resources"][0].items()
    assert plan_of(over, wants(WEB), sees(equal(WEB), old)).why.startswith("need to prune extra resources only")


def test_objects_that_may_not_be_pruned_do_not_make_heals_go_round() -> None:
    kept = annotated(live(a_map("old")), sync_options="Prune=false")
    status = {"operationState": finished(at_s=-3600)}
    app = an_app(automated={"prune": True, "selfHeal": True}, status=status)
    plan = plan_of(app, wants(WEB), sees(equal(WEB), kept))
    assert (plan.steps, plan.operation_state) == ((), None)


def test_pruning_is_claimed_before_it_is_done_and_goes_before_what_is_applied() -> None:
    app, desired = an_app(automated={"prune": True}), wants(WEB)
    plan = plan_of(app, desired, sees(missing(WEB), live(a_map("old"))))
    assert [(step.action, step.key.name) for step in plan.steps] == [("prune", "old"), ("create", "web")]
    assert plan.must_be_claimed
    claimed = patched(app, claim_patch(app, plan))
    assert claimed.operation is not None
    assert claimed.raw["status"]["operationState"]["phase"] == "Running"
    status, _, over = record(claimed, plan, done(plan), all_equal(desired))
    assert status["operationState"]["syncResult"]["resources"][0]["status"] == "Pruned"
    assert over.operation is None
    assert claim_patch(over, plan_of(over, desired, all_equal(desired))) == []


def test_a_worker_that_dies_after_its_claim_leaves_an_operation_that_a_successor_ends() -> None:
    app, desired = an_app(automated={"prune": True}), wants(WEB)
    seen = sees(equal(WEB), live(a_map("old")))
    claimed = patched(app, claim_patch(app, plan_of(app, desired, seen)))
    plan = plan_of(claimed, desired, seen, now=later(30))
    assert [step.action for step in plan.steps] == ["prune"]
    assert claim_patch(claimed, plan) == []
    status, _, over = record(claimed, plan, done(plan), all_equal(desired), now=later(30))
    assert (status["operationState"]["phase"], over.operation) == ("Succeeded", None)


# (l) confirm


def test_a_prune_that_needs_confirmation_holds_the_whole_batch_until_it_is_approved() -> None:
    old = annotated(live(a_map("old")), sync_options="Prune=confirm")
    seen, desired = sees(missing(WEB), old), wants(WEB)
    app = an_app(automated={"prune": True})
    plan = plan_of(app, desired, seen)
    assert plan.steps == ()
    status, _, waiting = record(app, plan, None)
    assert status["operationState"]["message"] == "Waiting for pruning confirmation of v1/ConfigMap/old"
    assert due_after(app, plan, status, now=NOON)[0] is None
    assert record(waiting, plan_of(waiting, desired, seen, now=later(5)), None, now=later(5))[1] == []
    before, approved = _approving(waiting, at(-1)), _approving(waiting, at(1))
    assert plan_of(before, desired, seen, now=later(9)).steps == ()
    assert [step.action for step in plan_of(approved, desired, seen, now=later(9)).steps] == ["prune", "create"]


def _approving(app: Application, time: str) -> Application:
    annotations = {"argocd.argoproj.io/deletion-approved": time}
    return Application.parse({**app.raw, "metadata": {**app.raw["metadata"], "annotations": annotations}})


# (m) nothing is known


def test_a_failed_rendering_is_unknown_and_keeps_inventory_and_health() -> None:
    old = {"kind": "ConfigMap", "namespace": "shop", "name": "web", "version": "v1", "status": "Synced"}
    shown = {"sync": {"status": "Synced", "revision": C1}, "health": {"status": "Healthy"}, "resources": [old]}
    app = an_app(automated={"prune": True}, status=shown)
    failure = Condition("ComparisonError", "path does not exist")
    plan = plan_of(app, None, sees(live(WEB)), conditions=(failure,))
    assert plan.steps == ()
    status, _, _ = record(app, plan, None)
    assert status["sync"] == {"status": "Unknown", "revision": C1}
    assert (status["health"], status["resources"]) == ({"status": "Healthy"}, [old])
    assert status["conditions"] == [
        {"type": "ComparisonError", "message": "path does not exist", "lastTransitionTime": at(0)}
    ]


def test_an_unreadable_kind_makes_the_verdict_unknown_and_keeps_what_was_known_of_it() -> None:
    secret = {"kind": "Secret", "namespace": "shop", "name": "key", "version": "v1", "status": "OutOfSync"}
    app = an_app(automated={"prune": True}, status={"resources": [secret]})
    desired = wants(WEB)
    seen = sees(drifted(WEB), live(a_map("old")), incomplete={a_map().group_kind: "forbidden"})
    plan = plan_of(app, desired, seen)
    assert plan.steps == ()
    status, _, _ = record(app, plan, None)
    assert status["sync"]["status"] == "Unknown"
    assert {item["name"] for item in status["resources"]} == {"web", "key", "old"}


def test_an_operation_whose_comparison_failed_ends_as_error() -> None:
    app = an_app(operation=MANUAL)
    failure = Condition("ComparisonError", "git is away")
    plan = plan_of(app, None, NOTHING, conditions=(failure,))
    status, _, after = record(app, plan, None)
    assert status["operationState"]["phase"] == "Error"
    assert status["operationState"]["message"] == "ComparisonError: git is away"
    assert after.operation is None


def test_an_operation_outlives_an_outage_without_using_up_its_attempts() -> None:
    app = an_app(operation=MANUAL, policy={"retry": {"limit": 1}})
    failure = Condition("ComparisonError", "the cluster is away")
    for _ in range(3):
        plan = plan_of(app, None, NOTHING, conditions=(failure,), is_outage=True)
        status, _, app = record(app, plan, None)
        assert status["operationState"]["phase"] == "Running"
        assert "retryCount" not in status["operationState"]
        assert app.operation is not None
    plan = plan_of(app, wants(WEB), sees(missing(WEB)))
    assert [step.key for step in plan.steps] == [WEB.key]


def test_an_operation_waits_for_objects_that_cannot_be_read_for_now() -> None:
    unread = Observed({WEB.key: Reading("none", error="no answer", is_passing=True)})
    status, _, after = record(an_app(operation=MANUAL), plan_of(an_app(operation=MANUAL), wants(WEB), unread), None)
    assert (status["operationState"]["phase"], after.operation is not None) == ("Running", True)


def test_a_condition_goes_when_its_reason_does_and_keeps_its_time_while_it_lasts() -> None:
    failure = Condition("ComparisonError", "git is away")
    app = an_app()
    first = record(app, plan_of(app, None, NOTHING, conditions=(failure,)), None)[2]
    second = plan_of(first, None, NOTHING, now=later(60), conditions=(failure,))
    assert record(first, second, None, now=later(60))[1] == []
    third = plan_of(first, wants(WEB), all_equal(wants(WEB)), now=later(90))
    assert "conditions" not in record(first, third, None, now=later(90))[0]


# (n) an invalid spec


def test_what_the_project_forbids_is_invalid_and_unknown_and_keeps_the_inventory() -> None:
    old = {"kind": "ConfigMap", "namespace": "shop", "name": "web", "version": "v1", "status": "Synced"}
    comparison = {"type": "ComparisonError", "message": "older", "lastTransitionTime": at(-60)}
    app = an_app(automated={"prune": True}, status={"resources": [old], "conditions": [comparison]})
    plan = plan_of(app, wants(WEB), sees(missing(WEB)), project=rules(destinations=[]))
    assert plan.steps == ()
    status, _, _ = record(app, plan, None)
    assert (status["sync"]["status"], status["health"]["status"]) == ("Unknown", "Unknown")
    assert status["resources"] == [old]
    assert [item["type"] for item in status["conditions"]] == ["ComparisonError", "InvalidSpecError"]


def test_an_object_outside_the_project_stops_the_whole_operation_before_any_write() -> None:
    """S43: a namespace in a manifest that the project does not permit."""
    outside = Manifest(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "spy", "namespace": "kube-system"}}
    )
    project = rules(destinations=[{"server": "*", "namespace": "shop"}])
    app = an_app(automated={}, policy={"retry": {"limit": 0}})
    plan = plan_of(app, wants(WEB, outside), sees(missing(WEB), missing(outside)), project=project)
    assert plan.steps == ()
    status, _, _ = record(app, plan, None)
    assert status["operationState"]["phase"] == "Failed"
    assert status["operationState"]["message"].startswith("one or more synchronization tasks are not valid: namespace")
    assert [item["status"] for item in status["operationState"]["syncResult"]["resources"]] == ["SyncFailed"]
    assert {item["name"]: item["status"] for item in status["resources"]}["spy"] == "Unknown"


# the gate


def test_where_nothing_may_be_written_differences_are_shown_and_nothing_is_planned() -> None:
    app = an_app(automated={"prune": True}, operation=MANUAL)
    seen = sees(missing(WEB), live(a_map("old")))
    plan = plan_of(app, wants(WEB), seen, may_write=False, may_record=False, reasons=("shadow mode",))
    assert (plan.steps, plan.operation_state, plan.why) == ((), None, "shadow mode")
    assert plan.comparison.sync == "OutOfSync"


def test_an_operation_on_what_is_not_honoured_ends_with_the_reason() -> None:
    app = an_app(operation=MANUAL)
    plan = plan_of(app, wants(WEB), sees(missing(WEB)), may_write=False, reasons=("spec.source.helm is not honoured",))
    assert plan.steps == ()
    status, _, after = record(app, plan, None)
    assert (status["operationState"]["phase"], after.operation) == ("Error", None)
    assert status["conditions"][0]["message"] == "spec.source.helm is not honoured"
    assert status["sync"]["status"] == "OutOfSync"


@pytest.mark.parametrize(("phase", "ends"), [("Terminating", "Failed"), ("Running", "Error")])
def test_what_is_not_honoured_any_more_still_lets_its_operation_end(phase: str, ends: str) -> None:
    state = {"operation": MANUAL, "phase": phase, "startedAt": at(-5), "finishedAt": at(-1), "retryCount": 1}
    app = an_app(operation=MANUAL, status={"operationState": state})
    plan = plan_of(app, wants(WEB), sees(missing(WEB)), may_write=False, reasons=("hooks are not honoured",))
    status, _, after = record(app, plan, None)
    assert (status["operationState"]["phase"], after.operation) == (ends, None)


def test_an_unknown_destination_is_told_as_such_and_not_as_a_refusal_of_the_project() -> None:
    unknown = Condition("InvalidSpecError", "there are no clusters with this name: two")
    plan = plan_of(an_app(automated={}), None, NOTHING, project=rules(destinations=[]), conditions=(unknown,))
    assert plan.comparison.conditions == (unknown,)
    assert plan.steps == ()


def test_a_commit_that_empties_most_of_an_application_is_followed() -> None:
    many = [live(a_map(f"old-{index:02}")) for index in range(11)]
    plan = plan_of(an_app(automated={"prune": True}), wants(WEB), sees(missing(WEB), *many))
    assert len(plan.steps) == 12


def test_history_is_trimmed_and_numbered_without_reuse() -> None:
    history = [{"id": number, "revision": C2, "source": SOURCE} for number in (7, 8)]
    app = an_app(operation=MANUAL, spec={"revisionHistoryLimit": 2}, status={"history": history})
    plan = plan_of(app, wants(WEB), sees(missing(WEB)))
    status, _, _ = record(app, plan, done(plan), all_equal(wants(WEB)))
    assert [item["id"] for item in status["history"]] == [8, 9]


def test_an_image_and_an_address_are_shown_in_the_summary() -> None:
    pod: JsonObject = {
        "template": {"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2"}]}}
    }
    rule = {"host": "shop.example", "http": {"paths": [{"path": "/cart/*"}]}}
    web = Manifest(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w", "namespace": "shop"}, "spec": pod}
    )
    door = Manifest(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "d", "namespace": "shop"},
            "spec": {"rules": [rule], "tls": [{"hosts": ["shop.example"]}]},
        }
    )
    app = an_app()
    status, _, _ = record(app, plan_of(app, wants(web, door), all_equal(wants(web, door))), None)
    assert status["summary"] == {"images": ["a:1", "b:2"], "externalURLs": ["https://shop.example/cart"]}
