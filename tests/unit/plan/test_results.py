from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.models.result import ObjectResult
from reconciler.plan.proof import Kept
from reconciler.plan.results import kept_result, recorded_of, resource_name, said, status_of, step_entries, task_entry
from reconciler.plan.steps import Step
from reconciler.plan.tasks import Task
from tests.unit.plan.given import a_map, live

WEB = a_map("web")
DEPLOYMENT = ObjectKey("apps", "Deployment", "shop", "web")


def test_objects_are_named_as_kubectl_names_them() -> None:
    assert (resource_name(DEPLOYMENT), resource_name(WEB.key)) == ("deployment.apps/web", "configmap/web")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("create", WEB.key, WEB), "configmap/web created"),
        (Step("apply", WEB.key, WEB, live(WEB)), "configmap/web serverside-applied"),
        (Step("prune", WEB.key, live=live(WEB)), "pruned"),
    ],
)
def test_a_step_that_succeeded_says_what_kubectl_would(step: Step, words: str) -> None:
    assert said(step) == words


@pytest.mark.parametrize(
    ("result", "status", "phase"),
    [
        (ObjectResult(WEB.key, "apply", ok=True, message="x"), "Synced", "Running"),
        (ObjectResult(WEB.key, "apply", ok=False, message="x"), "SyncFailed", "Failed"),
        (ObjectResult(WEB.key, "prune", ok=True, message="pruned"), "Pruned", "Succeeded"),
        (ObjectResult(WEB.key, "prune", ok=False, message="x"), "SyncFailed", "Failed"),
        (kept_result(Kept(WEB.key, "no prune")), "PruneSkipped", "Succeeded"),
    ],
)
def test_a_result_has_argo_cds_code(result: ObjectResult, status: str, phase: str) -> None:
    assert status_of(result) == status
    (entry,) = (
        step_entries([Step("apply", WEB.key, WEB)], [result])
        if result.action != "keep"
        else [task_entry(Task("Sync", 0, WEB.key, WEB, recorded=recorded_of(result)), None)]
    )
    assert (entry["status"], entry["hookPhase"], entry["syncPhase"]) == (status, phase, "Sync")


def test_an_entry_names_its_object_in_full_even_where_a_part_is_empty() -> None:
    space = ObjectKey("", "Namespace", "", "shop")
    made = Manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    step = Step("create", space, made, phase="PreSync")
    (entry,) = step_entries([step], [ObjectResult(space, "create", ok=True, message="")])
    expected: dict[str, Any] = {"group": "", "version": "v1", "kind": "Namespace", "namespace": "", "name": "shop"}
    told = {"status": "Synced", "message": "namespace/shop created", "hookPhase": "Running", "syncPhase": "PreSync"}
    assert entry == {**expected, **told}


def test_taking_leave_of_a_hook_is_no_result_unless_it_failed() -> None:
    hook = Step("clean", WEB.key, live=live(WEB), phase="PreSync", is_hook=True)
    gone, kept = (ObjectResult(WEB.key, "clean", ok=ok, message="no right to delete") for ok in (True, False))
    assert step_entries([hook], [gone]) == []
    (entry,) = step_entries([hook], [kept])
    told = (entry["status"], entry["hookType"], entry["hookPhase"], entry["message"])
    assert told == ("SyncFailed", "PreSync", "Failed", "no right to delete")
