"""One Application in the shadow report: the verdict found, ours, and every object that we would write or delete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.errors import ReconcilerError
from reconciler.models.application import Application
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Rung
from reconciler.passes.looking import Look, look
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.steps import Step
from reconciler.services import Readers

Verdict = tuple[str, str]
"""Sync and health."""


@dataclass(frozen=True, slots=True)
class Report:
    """What we make of one Application. `why` says what keeps us from writing, or from judging."""

    app: AppKey
    found: Verdict
    ours: Verdict
    steps: tuple[JsonObject, ...]
    differing: tuple[JsonObject, ...]
    why: str
    rungs: tuple[Rung, ...] = ()

    @property
    def is_definite(self) -> bool:
        return self.ours[0] != "Unknown"

    @property
    def agrees(self) -> bool:
        return self.found == self.ours

    @property
    def is_remarkable(self) -> bool:
        return not self.agrees or bool(self.steps)

    def to_json(self) -> JsonObject:
        """For programs."""
        return {
            "application": str(self.app),
            "found": {"sync": self.found[0], "health": self.found[1]},
            "ours": {"sync": self.ours[0], "health": self.ours[1]},
            "agrees": self.agrees,
            "would": list(self.steps),
            "differs": list(self.differing),
            "why": self.why,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        found, ours = ", ".join(self.found), ", ".join(self.ours)
        verdict = f"{ours}, as found" if self.agrees else f"{ours}; found {found}"
        yield f"{self.app}: {verdict}" + (f"  ({self.why})" if self.why else "")
        for step in self.steps:
            yield f"  would {step['action']} {step['object']}: {step['reason']}"
            yield from (f"      {field}" for field in step["fields"])
        for item in self.differing:
            yield f"  differs {item['object']}: {item['reason']}"


def report_on(app: Application, readers: Readers, *, now: datetime) -> Report:
    """Compares and plans as if we might write; nothing is asked of a cluster but to be read."""
    found = (app.status.sync.status or "Unknown", app.status.health.status or "Unknown")
    # What the controller in charge is doing at this moment is not ours to continue.
    alone = app.model_copy(update={"operation": None})
    try:
        seen = look(alone, readers, now=now)
    except ReconcilerError as error:
        return Report(app.key, found, ("Unknown", "Unknown"), (), (), str(error))
    ours = (seen.comparison.sync, seen.comparison.health.status)
    steps = tuple(map(_step, seen.plan.steps))
    planned = {step.key for step in seen.plan.steps}
    open_items = (i for i in seen.comparison.objects if i.sync not in (None, "Synced") and i.key not in planned)
    return Report(app.key, found, ours, steps, tuple(map(_differing, open_items)), _why(seen))


def _why(seen: Look) -> str:
    if seen.fault:
        return str(seen.fault)
    reasons = "; ".join(seen.plan.policy.reasons)
    return reasons or ("" if seen.plan.steps or seen.comparison.sync == "Synced" else seen.plan.why)


def _step(step: Step) -> JsonObject:
    fields = [f"{item.path} {item.live} → {item.desired}" for item in step.differences]
    return {
        "action": "delete" if step.action == "prune" else step.action,
        "object": str(step.key),
        "reason": step.reason,
        "fields": fields,
        "takesOwnership": step.migrate is not None,
    }


def _differing(item: ObjectComparison) -> JsonObject:
    return {"object": str(item.key), "sync": item.sync, "reason": item.reason}
