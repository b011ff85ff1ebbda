"""Doing what a plan says, and looking at what is there afterwards without asking again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from reconciler.apply import Outcome, Writer, run
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Observed, Reading
from reconciler.models.result import ObjectResult
from reconciler.passes.looking import Eyes, Look, estimator
from reconciler.passes.observed import Predict
from reconciler.passes.recollection import Recall
from reconciler.passes.standing import Target
from reconciler.plan.build import judge
from reconciler.plan.compare import Comparison
from reconciler.plan.patch import claim_patch
from reconciler.plan.threeway import STORED_AS_WRITTEN
from reconciler.plan.way import asked_of, is_strict
from reconciler.services import Services
from reconciler.store.lease import Held


@dataclass(frozen=True, slots=True)
class Acted:
    """What a pass did. `app` is the Application as it is now: an operation that deletes was written into it first.

    `results` is None when no step was tried; `after` is the verdict on what is there now.
    """

    app: Application
    results: tuple[ObjectResult, ...] | None = None
    after: Comparison | None = None
    outcome: Outcome = field(default_factory=Outcome)


def eyes_of(known: Recall, held: Held) -> Eyes:
    """How a worker looks: it remembers, and asks the server by dry runs, which the lease covers like writes."""
    manager = known.services.readers.settings.field_manager

    def predict(target: Target) -> Predict:
        writer, estimate = writer_to(target, manager, held), estimator(known.app, manager)

        def asked(manifest: Manifest, live: LiveObject) -> JsonObject:
            if manifest.group_kind in STORED_AS_WRITTEN:
                return estimate(manifest, live)
            strict = is_strict(manifest, asked_of(known.app))
            return writer.apply(manifest, live=live, dry_run=True, strict=strict).body

        return asked

    return Eyes(known.resolve, known.admit, predict, known.recollect)


def writer_to(target: Target, manager: str, held: Held) -> Writer:
    """Who writes to a destination in this pass."""
    return Writer(target.cluster, manager, held.still_mine, held.agent, user=target.identity.user)


def act(seen: Look, services: Services, held: Held) -> Acted:
    """Does the steps. Raises LeaseLost; ObjectConflict when the Application changed, and then nothing was done."""
    app, plan, target = seen.standing.app, seen.plan, seen.target
    if not plan.steps or target is None:
        return Acted(app)
    if claim := claim_patch(app, plan):
        held.still_mine()
        app = Application.parse(services.recorder.patch_application(app.key, claim).body)
    writer = writer_to(target, plan.policy.manager, held)
    budget_s = min(services.readers.settings.pass_budget_s, held.remaining_s())
    outcome = run(plan.steps, writer, budget_s=budget_s)
    after = judge(app, seen.desired, _observed_after(seen.observed, outcome), plan.policy)
    return Acted(app, outcome.results, after, outcome)


def _observed_after(before: Observed, outcome: Outcome) -> Observed:
    """What is there now: the answers to our own writes are the newest reading that there is."""
    applied = {key: Reading("server", live, live.body) for key, live in outcome.live.items() if key in before.readings}
    pruned = {item.key for item in outcome.results if item.action == "prune" and item.ok}
    extra = {key: live for key, live in before.extra.items() if key not in pruned}
    return replace(before, readings={**before.readings, **applied}, extra=extra)
