"""Hooks and waves with all processes: observers wake an application when its hook is done, nobody waits for a timer."""

from __future__ import annotations

import time

from reconciler.sandbox.waiting import wait_for
from tests.support.fleet import GENEROUS_S, Fleet, a_config_map, an_app

POD = "{spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}}"
BACKSTOP_S = 30.0
"""An application whose hook nobody reports is looked at after this long."""


def a_job(name: str, hook: str, wave: int = 0) -> str:
    marks = f"argocd.argoproj.io/hook: {hook}, argocd.argoproj.io/sync-wave: {str(wave)!r}"
    head = f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, annotations: {{{marks}}}}}\n"
    return f"{head}spec: {{template: {POD}}}\n"


def marked(name: str, wave: int) -> str:
    return a_config_map(name, color="red").replace(
        f"metadata: {{name: {name}}}",
        f"metadata: {{name: {name}, annotations: {{argocd.argoproj.io/sync-wave: {str(wave)!r}}}}}",
    )


def _phase(fleet: Fleet, name: str) -> str:
    status = (fleet.application(name) or {}).get("status") or {}
    return str((status.get("operationState") or {}).get("phase"))


def test_a_sync_with_hooks_and_waves_goes_on_as_soon_as_each_is_done(fleet: Fleet) -> None:
    files = {
        "before.yaml": a_job("before", "PreSync"),
        "early.yaml": marked("early", -1),
        "within.yaml": a_job("within", "Sync"),
        "late.yaml": marked("late", 1),
        "after.yaml": a_job("after", "PostSync"),
    }
    began = time.monotonic()
    with an_app(fleet, files, cluster="west") as name:
        wait_for(lambda: _phase(fleet, name) == "Succeeded", "the sync to succeed", timeout_s=GENEROUS_S)
        took_s = time.monotonic() - began
        state = (fleet.application(name) or {})["status"]["operationState"]
        resources = state["syncResult"]["resources"]
        print(f"three hooks and three waves: {took_s:.1f} s")
    assert state["phase"] == "Succeeded"
    assert {item["name"]: item["hookPhase"] for item in resources if item.get("hookType")} == {
        "before": "Succeeded",
        "within": "Succeeded",
        "after": "Succeeded",
    }
    assert took_s < BACKSTOP_S
