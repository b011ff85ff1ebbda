"""Each operation field, option and annotation that the table calls honoured changes what a pass decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.models.keys import CommitId
from reconciler.models.manifest import LiveObject
from reconciler.models.observed import Reading
from reconciler.plan.cascade import cascade
from reconciler.plan.farewell import Leaving
from reconciler.plan.lens import PLAIN
from reconciler.plan.migration import migration
from reconciler.plan.patch import refresh_patch
from tests.compat.situations import (
    AFTER,
    BEFORE,
    Json,
    actions,
    app,
    changed,
    claim,
    live,
    manifest,
    observed,
    operation,
    plan,
)

A, B = manifest("a"), manifest("b")


# Operations asked for by people


@pytest.mark.parametrize(("asked", "expected"), [({"prune": True}, [("prune", "old")]), ({}, [])])
def test_an_operation_prunes_when_it_says_so(asked: Json, expected: list[Any]) -> None:
    same = {"a": Reading("owned-fields", live("a"))}
    assert actions(plan(app(operation=operation(**asked)), [A], [live("old")], readings=same)) == expected


def test_a_dry_run_writes_nothing() -> None:
    assert actions(plan(app(operation=operation(dryRun=True)), [A])) == []
    assert actions(plan(app(operation=operation()), [A])) == [("create", "a")]


@pytest.mark.parametrize(
    ("resource", "covers"),
    [
        ({"kind": "ConfigMap", "name": "a"}, True),
        ({"kind": "ConfigMap", "name": "a", "namespace": "other"}, False),
        ({"kind": "Secret", "name": "a"}, False),
        ({"group": "apps", "kind": "ConfigMap", "name": "a"}, False),
    ],
)
def test_a_partial_sync_covers_what_it_names(resource: Json, covers: bool) -> None:
    decided = plan(app(operation=operation(resources=[resource])), [A, B])
    assert actions(decided) == ([("create", "a")] if covers else [])


def test_an_operation_creates_the_namespace_when_its_own_options_say_so() -> None:
    with_option = app(operation=operation(syncOptions=["CreateNamespace=true"]))
    assert actions(plan(with_option, [A])) == [("create", "shop"), ("create", "a")]
    only_in_spec = app(operation=operation(), spec={"syncPolicy": {"syncOptions": ["CreateNamespace=true"]}})
    assert actions(plan(only_in_spec, [A])) == [("create", "a")]


def test_who_asked_decides_whether_the_guard_on_emptiness_holds() -> None:
    asked = operation(prune=True)
    assert actions(plan(app(operation=asked), [], [live("old")])) == [("prune", "old")]
    by_us = asked | {"initiatedBy": {"automated": True}}
    assert actions(plan(app(operation=by_us), [], [live("old")])) == []


# Sync options and annotations of objects


def test_only_what_is_out_of_sync_is_applied() -> None:
    same = {"a": Reading("owned-fields", live("a"))}
    assert actions(plan(app(operation=operation()), [A, B], readings=same)) == [("create", "b")]


@pytest.mark.parametrize("scope", ["application", "object"])
@pytest.mark.parametrize(("option", "expected"), [("Prune=false", []), ("Prune=true", [("prune", "old")])])
def test_prune_false_keeps_an_object(scope: str, option: str, expected: list[Any]) -> None:
    assert actions(_pruning(scope, option)) == expected


@pytest.mark.parametrize("scope", ["application", "object"])
@pytest.mark.parametrize(("approved", "expected"), [(BEFORE, []), (AFTER, [("prune", "old")])])
def test_prune_confirm_waits_for_an_approval_after_the_start(scope: str, approved: str, expected: list[Any]) -> None:
    assert actions(_pruning(scope, "Prune=confirm", approved=approved)) == expected


def _pruning(scope: str, option: str, approved: str = "") -> Any:
    of_app = [option] if scope == "application" else []
    of_object = {"argocd.argoproj.io/sync-options": option} if scope == "object" else {}
    subject = app(
        annotations={"argocd.argoproj.io/deletion-approved": approved},
        operation=operation(prune=True, syncOptions=of_app),
    )
    same = {"a": Reading("owned-fields", live("a"))}
    return plan(subject, [A], [live("old", of_object)], readings=same)


@pytest.mark.parametrize("scope", ["application", "object"])
@pytest.mark.parametrize(
    ("option", "approved", "goes"),
    [
        ("Delete=true", "", True),
        ("Delete=false", "", False),
        ("Delete=confirm", "", False),
        ("Delete=confirm", "2026-05-04T10:59:59Z", False),
        ("Delete=confirm", BEFORE, True),
    ],
)
def test_delete_options_rule_the_deletion_of_an_application(scope: str, option: str, approved: str, goes: bool) -> None:
    spec = {"syncPolicy": {"syncOptions": [option]}} if scope == "application" else {}
    of_object = {"argocd.argoproj.io/sync-options": option} if scope == "object" else {}
    assert _deleted(live("old", of_object), spec=spec, approved=approved) == (["old"] if goes else [])


def test_a_chart_may_ask_to_keep_an_object() -> None:
    assert _deleted(live("old", {"helm.sh/resource-policy": "keep"})) == []
    assert _deleted(live("old")) == ["old"]


@pytest.mark.parametrize(
    ("finalizer", "propagation"),
    [
        ("resources-finalizer.argocd.argoproj.io", "Foreground"),
        ("resources-finalizer.argocd.argoproj.io/foreground", "Foreground"),
        ("resources-finalizer.argocd.argoproj.io/background", "Background"),
        ("somebody.else/finalizer", None),
    ],
)
def test_a_finalizer_asks_for_a_cascading_deletion(finalizer: str, propagation: str | None) -> None:
    subject = app(metadata={"deletionTimestamp": BEFORE, "finalizers": [finalizer]})
    found = cascade(subject, observed(extra=[live("old")]), claim(subject))
    assert [item.propagation for item in found.delete] == ([propagation] if propagation else [])


def _deleted(there: LiveObject, *, spec: Json | None = None, approved: str = "") -> list[str]:
    subject = app(
        annotations={"argocd.argoproj.io/deletion-approved": approved},
        metadata={"deletionTimestamp": BEFORE, "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        spec=spec,
    )
    return [item.live.key.name for item in cascade(subject, observed(extra=[there]), claim(subject)).delete]


def test_prunes_wait_for_dependents_as_by_default() -> None:
    same = {"a": Reading("owned-fields", live("a"))}
    (step,) = plan(app(operation=operation(prune=True)), [A], [live("old")], readings=same).steps
    assert step.propagation == "Foreground"


def test_the_named_manager_is_migrated_too() -> None:
    there = live("a")
    entry = {"manager": "old-tool", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}}
    there.body["metadata"]["managedFields"].append(entry)
    for named, moves in (({}, False), ({"argocd.argoproj.io/client-side-apply-migration-manager": "old-tool"}, True)):
        subject = app(annotations=named, operation=operation())
        reading = replace(changed("a"), live=there)
        (step,) = plan(subject, [A], readings={"a": reading}).steps
        assert (step.migrate is not None) is moves
    assert migration(there, "argocd-controller") is None


def test_the_revision_of_an_operation_is_recorded_as_asked() -> None:
    other = CommitId("2" * 40)
    state = plan(app(operation=operation() | {"sync": {"revision": other}}), [A]).operation_state
    assert state is not None
    assert state["operation"]["sync"]["revision"] == other


def test_a_refresh_is_answered_by_removing_its_request_unless_a_newer_one_came() -> None:
    asked = {"argocd.argoproj.io/refresh": "hard", "argocd.argoproj.io/refresh-timestamp": AFTER}
    *tests, removal = refresh_patch(app(annotations=asked))
    assert removal == {"op": "remove", "path": "/metadata/annotations/argocd.argoproj.io~1refresh"}
    assert {
        "op": "test",
        "path": "/metadata/annotations/argocd.argoproj.io~1refresh-timestamp",
        "value": AFTER,
    } in tests
    assert refresh_patch(app()) == []


# Phases, waves and hooks

OLD = {"argocd.argoproj.io/hook": "PreSync"}


@pytest.mark.parametrize("annotation", ["argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"])
def test_an_object_waits_for_the_waves_before_its_own(annotation: str) -> None:
    late = manifest("a", **{annotation: "1"})
    decided = plan(app(operation=operation()), [late, B])
    assert actions(decided) == [("create", "b")]
    early = manifest("b", **{annotation: "-1"})
    assert actions(plan(app(operation=operation()), [A, early])) == [("create", "b")]


@pytest.mark.parametrize("scope", ["application", "object"])
@pytest.mark.parametrize(("option", "expected"), [("PruneLast=true", "b"), ("PruneLast=false", "old")])
def test_prune_last_prunes_after_the_last_wave(scope: str, option: str, expected: str) -> None:
    of_app = [option] if scope == "application" else []
    of_object = {"argocd.argoproj.io/sync-options": option} if scope == "object" else {}
    old = live("old", {**of_object, "argocd.argoproj.io/sync-wave": "-5"})
    decided = plan(app(operation=operation(prune=True, syncOptions=of_app)), [B], [old])
    assert [name for _, name in actions(decided)] == [expected]


@pytest.mark.parametrize(
    ("hook", "first"), [("PreSync", "hook"), ("Sync", "a"), ("PostSync", "a"), ("SyncFail", "a"), ("Skip", "a")]
)
def test_a_hook_runs_in_its_phase(hook: str, first: str) -> None:
    asked = manifest("hook", **{"argocd.argoproj.io/hook": hook})
    decided = plan(app(operation=operation()), [A], hooks=[asked])
    together = [("create", "a"), ("start", "hook")] if hook == "Sync" else []
    assert actions(decided) == (together or [("start" if first == "hook" else "create", first)])
    assert actions(plan(app(operation=operation()), [A], hooks=[])) == [("create", "a")]


@pytest.mark.parametrize(
    ("hook", "first"),
    [("pre-install", "hook"), ("pre-upgrade", "hook"), ("post-install", "a"), ("test", "a"), ("pre-rollback", "a")],
)
def test_a_hook_of_helm_runs_in_the_phase_that_stands_for_it(hook: str, first: str) -> None:
    asked = manifest("hook", **{"helm.sh/hook": hook})
    (step,) = plan(app(operation=operation()), [A], hooks=[asked]).steps
    assert step.key.name == first


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, "clean"),
        ({"argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation"}, "clean"),
        ({"argocd.argoproj.io/hook-delete-policy": "HookSucceeded"}, "start"),
        ({"helm.sh/hook-delete-policy": "hook-failed"}, "start"),
        ({"helm.sh/hook-delete-policy": "before-hook-creation"}, "clean"),
    ],
)
def test_a_hook_goes_when_its_policy_says(policy: Json, expected: str) -> None:
    asked = manifest("hook", **OLD, **policy)
    decided = plan(app(operation=operation()), [A], hooks=[asked], there=[live("hook", OLD)])
    assert actions(decided) == [(expected, "hook")]


@pytest.mark.parametrize("stage", ["pre-delete", "post-delete"])
@pytest.mark.parametrize("suffix", ["", "/cleanup"])
def test_a_finalizer_holds_an_application_until_its_deletion_hooks_have_run(stage: str, suffix: str) -> None:
    name = f"{stage}-finalizer.argocd.argoproj.io{suffix}"
    subject = app(metadata={"deletionTimestamp": BEFORE, "finalizers": [name]})
    asked = manifest("hook", **{"helm.sh/hook": stage, "helm.sh/hook-delete-policy": "hook-succeeded"})
    leaving = Leaving(subject, claim(subject), PLAIN, (asked,))
    found = cascade(subject, observed(), claim(subject), leaving=leaving)
    began = [] if suffix else [("start", "hook")]
    assert [(step.action, step.key.name) for step in found.hooks] == began
    assert found.release == ((name,) if suffix else ())
    ready = (
        LiveObject(found.hooks[0].manifest.body | {"status": {}}) if found.hooks and found.hooks[0].manifest else None
    )
    there = Leaving(subject, claim(subject), PLAIN, (asked,), {asked.key: ready})
    assert suffix or cascade(subject, observed(), claim(subject), leaving=there).release == (name,)
