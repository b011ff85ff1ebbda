"""Deletion hooks: one after the other of their stages, each once, until all are done."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.plan.cascade import Cascade, cascade
from reconciler.plan.farewell import Leaving, hook_finalizers_patch
from reconciler.plan.lens import PLAIN
from reconciler.plan.proof import claim_of
from tests.unit.plan.given import HERE, a_map, an_app, annotated, at, live, rules, sees, wants

CASCADE = "resources-finalizer.argocd.argoproj.io"
PRE, POST = "pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io"
ALL = (CASCADE, PRE, f"{PRE}/cleanup", POST, f"{POST}/cleanup")
DONE: JsonObject = {"conditions": [{"type": "Complete", "status": "True"}]}
FAILED: JsonObject = {"conditions": [{"type": "Failed", "status": "True", "message": "it broke"}]}


def a_hook(name: str, hook: str, policy: str = "") -> Manifest:
    marks = {"argocd.argoproj.io/hook": hook, "argocd.argoproj.io/hook-delete-policy": policy}
    metadata = {"name": name, "namespace": "shop", "annotations": {key: text for key, text in marks.items() if text}}
    return Manifest({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata})


BACKUP, TELL = a_hook("backup", "PreDelete"), a_hook("tell", "PostDelete", "HookSucceeded")


def a_deleted_app(*finalizers: str) -> Any:
    return an_app(metadata={"deletionTimestamp": at(0), "finalizers": list(finalizers)})


def decided(finalizers: tuple[str, ...], *there: LiveObject, objects: tuple[LiveObject, ...] = ()) -> Cascade:
    app = a_deleted_app(*finalizers)
    claim = claim_of(app, rules(), HERE, instance="guestbook", lens=PLAIN)
    leaving = Leaving(app, claim, PLAIN, (BACKUP, TELL), {item.key: item for item in there})
    return cascade(app, sees(*objects), claim, leaving=leaving)


def started(hook: Manifest, status: JsonObject | None = None) -> LiveObject:
    """The hook as it is once the deletion has created it, in this state."""
    finalizers = (PRE,) if hook is BACKUP else (POST,)
    step = next(step for step in decided(finalizers).hooks if step.key == hook.key)
    assert step.manifest is not None
    made = live(step.manifest, finalizers=step.manifest.metadata["finalizers"])
    return LiveObject({**made.body, "status": status or {}})


def calls(found: Cascade) -> list[tuple[str, str]]:
    return [(step.action, step.key.name) for step in found.hooks] + [("delete", d.live.key.name) for d in found.delete]


def test_hooks_before_the_deletion_run_while_every_object_is_still_there() -> None:
    found = decided(ALL, objects=(live(a_map("web")),))
    assert (calls(found), found.release) == ([("start", "backup")], ())
    waiting = decided(ALL, started(BACKUP, {"active": 1}), objects=(live(a_map("web")),))
    assert (calls(waiting), waiting.release, waiting.condition) == ([], (), None)
    done = decided(ALL, started(BACKUP, DONE), objects=(live(a_map("web")),))
    assert (calls(done), done.release) == ([], (PRE,))


def test_objects_go_next_and_hooks_of_the_deletion_stay() -> None:
    left = tuple(name for name in ALL if name != PRE)
    backup = annotated(started(BACKUP, DONE))
    found = decided(left, backup, objects=(live(a_map("web")), backup))
    assert (calls(found), found.release) == ([("delete", "web")], ())
    assert decided(left, backup, objects=(backup,)).release == (CASCADE,)


def test_hooks_after_the_deletion_come_last_and_go_as_their_policy_says() -> None:
    cleanups = (f"{PRE}/cleanup", f"{POST}/cleanup")
    assert calls(decided((POST, *cleanups))) == [("start", "tell")]
    backup, tell = started(BACKUP, DONE), started(TELL, DONE)
    assert decided((POST, *cleanups), backup, tell).release == (POST,)
    assert calls(decided(cleanups, backup, tell)) == [("release", "backup")]
    let_go = LiveObject({**backup.body, "metadata": {**backup.metadata, "finalizers": []}})
    assert decided(cleanups, let_go, tell).release == (f"{PRE}/cleanup",)
    assert calls(decided(cleanups[1:], let_go, tell)) == [("clean", "tell")]
    assert decided(cleanups[1:], let_go).release == (f"{POST}/cleanup",)


def test_a_failed_hook_is_told_of_and_run_again() -> None:
    found = decided(ALL, started(BACKUP, FAILED))
    assert (calls(found), found.release) == ([("clean", "backup")], ())
    assert found.condition is not None
    assert (found.condition.type, "it broke" in found.condition.message) == ("DeletionError", True)
    assert calls(decided(ALL)) == [("start", "backup")]


def test_a_hook_that_is_deleted_while_it_runs_is_let_go_and_run_again() -> None:
    running = started(BACKUP, {"active": 1})
    deleted = LiveObject({**running.body, "metadata": {**running.metadata, "deletionTimestamp": at(1)}})
    found = decided(ALL, deleted)
    assert (calls(found), found.release) == ([("clean", "backup")], ())
    let_go = LiveObject({**deleted.body, "metadata": {**deleted.metadata, "finalizers": ["foregroundDeletion"]}})
    assert (calls(decided(ALL, let_go)), decided(ALL, let_go).release) == ([], ())
    assert calls(decided(ALL)) == [("start", "backup")]


def test_an_older_copy_goes_before_a_hook_is_run_and_one_of_nobody_stays() -> None:
    old = live(
        started(BACKUP), annotations={**started(BACKUP).annotations, "reconciler.dev/operation": "other/PreDelete"}
    )
    assert calls(decided(ALL, old)) == [("clean", "backup")]
    foreign = decided(ALL, live(BACKUP))
    assert (calls(foreign), foreign.condition is not None) == ([], True)


@pytest.mark.parametrize(
    ("before", "hooks", "after"),
    [
        ([], (), None),
        (["x"], (BACKUP,), ["x", PRE, f"{PRE}/cleanup"]),
        ([CASCADE], (BACKUP, TELL), [*ALL]),
        ([PRE, f"{PRE}/cleanup", "x"], (), ["x"]),
        ([PRE, f"{PRE}/cleanup"], (BACKUP,), None),
    ],
)
def test_an_application_is_held_as_long_as_git_has_hooks_for_its_deletion(
    before: list[str], hooks: tuple[Manifest, ...], after: list[str] | None
) -> None:
    app = an_app(metadata={"finalizers": before})
    desired = wants(a_map("web"))
    patch = hook_finalizers_patch(app, type(desired)(desired.manifests, desired.revisions, (), hooks=hooks))
    assert ([change["value"] for change in patch if change["op"] == "add"] or [None])[0] == after
