"""A worker may die anywhere: between claim and writes, between two writes, before the record. Its successor goes on."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from reconciler.models.application import Application
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Observed, Reading
from reconciler.models.result import ObjectResult
from reconciler.plan.build import build_plan, judge
from reconciler.plan.patch import claim_patch, status_patch
from reconciler.plan.status import next_status
from reconciler.plan.steps import Plan, Step
from tests.unit.plan.given import a_map, a_policy, an_app, later, live, patched, wants

WANTED = tuple(a_map(f"want-{number}") for number in range(4))
EXTRA = tuple(a_map(f"old-{number}") for number in range(3))


class Died(Exception):
    """The worker is gone; what it wrote so far stays."""


@dataclass
class World:
    """The control cluster's Application and the destination's objects, with a worker that dies as chance has it."""

    chance: random.Random
    app: Application
    there: dict[str, LiveObject]
    deaths: int = 12
    writes: list[tuple[str, str]] = field(default_factory=list)

    def maybe_die(self) -> None:
        if self.deaths and self.chance.random() < 0.4:
            self.deaths -= 1
            raise Died

    def observed(self) -> Observed:
        readings = {manifest.key: self._reading(manifest) for manifest in WANTED}
        known = {manifest.key.name for manifest in WANTED}
        return Observed(readings, {item.key: item for name, item in self.there.items() if name not in known})

    def do(self, step: Step) -> None:
        self.writes.append((step.action, step.key.name))
        if step.action == "prune":
            assert self.app.operation is not None, "a deletion without a claim"
            del self.there[step.key.name]
        else:
            assert step.manifest is not None
            self.there[step.key.name] = live(step.manifest)

    def one_pass(self, now_s: float) -> None:
        plan = build_plan(self.app, wants(*WANTED), self.observed(), a_policy(), now=later(now_s))
        self._patch(claim_patch(self.app, plan))
        results = self._act(plan)
        after = judge(self.app, plan.desired, self.observed(), plan.policy) if plan.steps else None
        status = next_status(self.app, plan, results, after, now=later(now_s))
        self._patch(status_patch(self.app, plan, status))

    def _act(self, plan: Plan) -> list[ObjectResult] | None:
        results = []
        for step in plan.steps[: self.chance.randint(1, 7)]:
            self.maybe_die()
            self.do(step)
            results.append(ObjectResult(step.key, step.action, ok=True, message=""))
        self.maybe_die()
        return results if plan.steps else None

    def _patch(self, patch: list[dict[str, object]]) -> None:
        if patch:
            self.maybe_die()
            self.app = patched(self.app, patch)

    def _reading(self, manifest: Manifest) -> Reading:
        found = self.there.get(manifest.key.name)
        return Reading("server", found, manifest_answer(found, manifest)) if found else Reading("absent")


def manifest_answer(found: LiveObject, manifest: Manifest) -> dict[str, object]:
    return {**found.body, "data": manifest.body["data"]}


@pytest.mark.parametrize("seed", range(60))
def test_however_often_workers_die_the_application_converges_and_its_operation_ends_once(seed: int) -> None:
    there = {manifest.key.name: live(manifest) for manifest in EXTRA}
    world = World(random.Random(seed), an_app(automated={"prune": True, "selfHeal": True}), there)
    for number in range(60):
        try:
            world.one_pass(10.0 * number)
        except Died:
            continue
    assert sorted(world.there) == [manifest.key.name for manifest in WANTED]
    assert sorted(name for action, name in world.writes if action == "prune") == [m.key.name for m in EXTRA]
    status = world.app.raw["status"]
    assert (world.app.operation, status["sync"]["status"]) == (None, "Synced")
    assert status["operationState"]["phase"] == "Succeeded"
    identities = [item["id"] for item in status["history"]]
    assert identities == sorted(set(identities))
    quiet = world.app
    world.deaths = 0
    world.one_pass(9999)
    assert world.app is quiet
