"""Syncs in several steps whose workers die: every hook runs once, every wave has its turn, and planning is pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Desired, Observed, Reading
from reconciler.models.result import ObjectResult
from reconciler.plan.build import build_plan, judge
from reconciler.plan.hooks import split
from reconciler.plan.patch import claim_patch, status_patch
from reconciler.plan.status import next_status
from reconciler.plan.steps import Plan, Step
from tests.unit.plan.given import C1, a_map, a_policy, an_app, annotated, later, live, patched, wants

MARK = "argocd.argoproj.io/"


class Died(Exception):
    """The worker is gone; what it wrote so far stays."""


def placed(name: str, wave: int = 0, hook: str = "", policy: str = "") -> Manifest:
    marks = {"sync-wave": str(wave) if wave else "", "hook": hook, "hook-delete-policy": policy}
    base = a_map(name)
    annotations = {**base.annotations, **{MARK + key: text for key, text in marks.items() if text}}
    return Manifest({**base.body, "metadata": {**base.metadata, "annotations": annotations}})


@dataclass
class World:
    """The Application and the destination's objects, with a worker that dies as chance has it."""

    chance: random.Random
    app: Application
    desired: Desired
    there: dict[ObjectKey, LiveObject]
    deaths: int = 25
    writes: list[tuple[str, str]] = field(default_factory=list)

    def maybe_die(self) -> None:
        if self.deaths and self.chance.random() < 0.3:
            self.deaths -= 1
            raise Died

    def observed(self) -> Observed:
        known = {manifest.key for manifest in self.desired.manifests}
        readings = {manifest.key: self._reading(manifest) for manifest in self.desired.manifests}
        return Observed(readings, {key: item for key, item in self.there.items() if key not in known}, hooks=self.there)

    def one_pass(self, now_s: float) -> None:
        now = later(now_s)
        seen = self.observed()
        plan = build_plan(self.app, self.desired, seen, a_policy(), now=now)
        assert build_plan(self.app, self.desired, seen, a_policy(), now=now) == plan
        if plan.must_be_claimed:
            self._patch(claim_patch(self.app, plan))
        results = self._act(plan)
        after = judge(self.app, plan.desired, self.observed(), plan.policy) if plan.steps else None
        status = next_status(self.app, plan, results, after, now=now)
        self._patch(status_patch(self.app, plan, status))

    def _act(self, plan: Plan) -> list[ObjectResult] | None:
        results = []
        for step in plan.steps[: self.chance.randint(1, 9)]:
            self.maybe_die()
            self._do(step)
            results.append(ObjectResult(step.key, step.action, ok=True, message=""))
        self.maybe_die()
        return results if plan.steps else None

    def _do(self, step: Step) -> None:
        if step.action in ("prune", "start", "clean", "release"):
            assert self.app.operation is not None, f"{step.action} without a claim"
        self.writes.append((step.action, step.key.name))
        if step.action in ("prune", "clean"):
            del self.there[step.key]
        elif step.action == "release":
            self.there[step.key] = with_finalizers(self.there[step.key], [])
        else:
            assert step.manifest is not None
            made = live(step.manifest)
            self.there[step.key] = with_finalizers(made, step.manifest.metadata.get("finalizers", []))

    def _patch(self, patch: list[JsonObject]) -> None:
        if patch:
            self.maybe_die()
            self.app = patched(self.app, patch)

    def _reading(self, manifest: Manifest) -> Reading:
        found = self.there.get(manifest.key)
        return Reading("server", found, {**found.body, "data": manifest.body["data"]}) if found else Reading("absent")


def with_finalizers(found: LiveObject, names: list[str]) -> LiveObject:
    return LiveObject({**found.body, "metadata": {**found.metadata, "finalizers": names}})


def a_world(seed: int, **app: Any) -> World:
    every = (
        placed("pre", hook="PreSync"),
        placed("pre-late", 2, hook="PreSync", policy="HookSucceeded"),
        *(placed(f"wave{wave}-{name}", wave) for wave in (-1, 0, 1) for name in "ab"),
        placed("beside", hook="Sync", policy="BeforeHookCreation,HookSucceeded"),
        placed("post", hook="PostSync"),
        placed("fail", hook="SyncFail"),
    )
    manifests, hooks = split(every)
    old = [annotated(live(a_map(f"old-{wave}")), sync_wave=str(wave)) for wave in range(3)]
    # Old copies of hooks, as an earlier sync has left them.
    old += [live(item) for item in hooks if item.key.name in ("pre", "beside")]
    desired = Desired(manifests, wants(revision=C1).revisions, ("Directory",), hooks=hooks)
    there = {item.key: item for item in old}
    return World(random.Random(seed), an_app(**app), desired, there)


@pytest.mark.parametrize("seed", range(16))
def test_however_often_workers_die_each_hook_runs_once_and_each_wave_in_its_turn(seed: int) -> None:
    asked: JsonObject = {"sync": {"prune": True, "revision": C1}, "initiatedBy": {"username": "ada"}}
    world = a_world(seed, operation=asked)
    for number in range(200):
        try:
            world.one_pass(10.0 * number)
        except Died:
            continue
        if world.app.operation is None:
            break
    state = world.app.raw["status"]["operationState"]
    assert (state["phase"], world.app.operation) == ("Succeeded", None)
    starts = [name for action, name in world.writes if action == "start"]
    assert sorted(starts) == ["beside", "post", "pre", "pre-late"]
    created = [name for action, name in world.writes if action == "create"]
    assert sorted(created) == sorted(manifest.key.name for manifest in world.desired.manifests)
    stages = ["pre", "pre-late", "wave-1-a", "wave0-a", "wave1-a", "post"]
    assert sorted(stages, key=lambda name: _placed(world, name)) == stages
    gone = [name for action, name in world.writes if action == "prune"]
    assert gone == ["old-2", "old-1", "old-0"]
    assert sorted(key.name for key in world.there if "finalizers" in world.there[key].metadata) == sorted(
        [*created, "pre", "post"]
    )
    assert not any(item.metadata.get("finalizers") for item in world.there.values())


def _placed(world: World, name: str) -> int:
    writes = [(action, written) for action, written in world.writes if action in ("create", "start")]
    return next(place for place, (_, written) in enumerate(writes) if written == name)
