"""Writing down what a pass came to, and when the application is due again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import cast

from reconciler.errors import ObjectConflict, SpecError, Transient
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.result import EndedOperation, Phase, ReconcileResult
from reconciler.passes.acting import Acted
from reconciler.passes.looking import Look
from reconciler.passes.memory import Remembered, remember
from reconciler.passes.recollection import Recall
from reconciler.passes.telling import tell
from reconciler.plan.conclude import ended_now
from reconciler.plan.farewell import hook_finalizers_patch
from reconciler.plan.operation import timeout_due_s
from reconciler.plan.patch import refresh_patch, status_patch
from reconciler.plan.status import due_after, next_status
from reconciler.plan.steps import Plan
from reconciler.plan.times import instant_of
from reconciler.render.protocol import RendererDied
from reconciler.services import Services
from reconciler.store.lease import Held

RETRY_S = 15.0
"""A passing fault is tried again after this long, unless the peer itself says when."""

FAULTY_S = 180.0
"""A spec or source at fault is looked at again this often, in case it was mended where nobody watches."""

STUCK_S = 1.0
"""An operation whose next object cannot be written yet is tried again after this long."""

UNWATCHED_S = 5.0
"""Health or an operation that is under way is looked at this often where no observer will tell."""


def record(seen: Look, acted: Acted, recall: Recall, held: Held) -> ReconcileResult:
    """Writes status, events and memory; sets when the application is due again. Raises LeaseLost."""
    app, plan, services, now = acted.app, seen.plan, recall.services, recall.now
    after = next_status(app, plan, acted.results, acted.after, now=now)
    remembered = remember(seen, acted, recall)
    written = remembered.is_blink or _write(seen, acted, services, held, after)
    if written:
        tell(app, plan, acted, after, services)
    held.next_due_s, why = _due(seen, acted, after, remembered, now) if written else (0.0, "the Application changed")
    result = _result(seen, acted, after, why, held.next_due_s)
    return replace(result, ended=_ended(app, plan, after)) if written else result


def _write(seen: Look, acted: Acted, services: Services, held: Held, after: JsonObject) -> bool:
    """Writes what changed of the status; False when the Application moved since it was read."""
    app = acted.app
    if not seen.standing.gate.may_record:
        return True
    try:
        if patch := status_patch(app, seen.plan, after):
            held.still_mine()
            services.recorder.patch_application(app.key, patch)
        for patch in (refresh_patch(app), _finalizers(seen, app)):
            if patch:
                held.still_mine()
                services.recorder.patch_application(app.key, patch)
    except ObjectConflict:
        return False
    return True


def _finalizers(seen: Look, app: Application) -> list[JsonObject]:
    """Argo CD: where there are hooks of a deletion, the Application is held until they have run."""
    of_spec = seen.plan.compares_spec and seen.standing.gate.may_write
    return hook_finalizers_patch(app, seen.desired) if of_spec else []


def _timeout_s(after: JsonObject, limit_s: float, now: datetime) -> float | None:
    state = after.get("operationState") or {}
    if limit_s <= 0 or state.get("phase") != words.RUNNING:
        return None
    return max(STUCK_S, timeout_due_s(state, limit_s, now=now))


def _due(seen: Look, acted: Acted, after: JsonObject, known: Remembered, now: datetime) -> tuple[float, str]:
    """Seconds until the next pass without an event, and why: the earliest of all reasons."""
    due_s, why = due_after(acted.app, seen.plan, after, now=now)
    reasons = [(known.full_check_s, "full check")]
    if due_s is not None:
        # Nothing got done although there was something to do: whatever it waits for is not there at once.
        stuck = acted.results == ()
        reasons.append((max(due_s, STUCK_S), _waiting(acted)) if stuck else (due_s, why))
    if seen.reads and seen.reads.is_pinned and (after.get("operationState") or {}).get("phase") in words.COMPLETED:
        # Nobody wakes it for what the spec follows before that was looked at.
        reasons.append((0.0, "the operation had its own revision: the spec is looked at next"))
    if (limit_s := _timeout_s(after, known.sync_timeout_s, now)) is not None:
        reasons.append((limit_s, "the operation may run no longer"))
    if known.is_stale:
        reasons.append((0.0, "a newer commit came in during the pass"))
    reasons.extend(_fault_due(seen, known))
    if acted.outcome.conflicts:
        reasons.append((0.0, next(iter(acted.outcome.conflicts.values()))))
    if acted.outcome.transient:
        reasons.append((acted.outcome.transient.retry_after_s or RETRY_S, str(acted.outcome.transient)))
    if not known.is_watched and (_is_awaited(plan=seen.plan) or _status(after, "health") == "Progressing"):
        reasons.append((UNWATCHED_S, "health is under way"))
    return min(reasons)


def _is_awaited(plan: Plan) -> bool:
    return plan.waits and plan.next_due_s is not None


def _status(after: JsonObject, part: str) -> str:
    return str((after.get(part) or {}).get("status", ""))


def _fault_due(seen: Look, known: Remembered) -> Iterator[tuple[float, str]]:
    """When what could not be read is tried again."""
    if isinstance(seen.fault, Transient):
        yield seen.fault.retry_after_s or known.retry_s, str(seen.fault)
    elif isinstance(seen.fault, SpecError):
        # A dead child may have been killed from outside: three tries in a row tell whose fault it was.
        yield RETRY_S if isinstance(seen.fault, RendererDied) else FAULTY_S, str(seen.fault)
    elif seen.comparison.sync == "Unknown":
        yield _unread_due(seen)


def _unread_due(seen: Look) -> tuple[float, str]:
    """Objects that could not be compared are tried again although nobody tells when they can."""
    passing = any(reading.is_passing for reading in seen.observed.readings.values())
    return (RETRY_S if passing or seen.observed.incomplete else FAULTY_S), "not every object could be compared"


def _waiting(acted: Acted) -> str:
    return next(iter(acted.outcome.waiting.values()), "the operation could not go on")


def _ended(app: Application, plan: Plan, after: JsonObject) -> EndedOperation | None:
    state = ended_now(app, plan, after)
    if state is None:
        return None
    start, end = instant_of(state.get("startedAt") or ""), instant_of(state.get("finishedAt") or "")
    took_s = (end - start).total_seconds() if start and end else 0.0
    sync = state["operation"].get("sync") or {}
    return EndedOperation(app.spec.project, state["phase"], bool(sync.get("dryRun")), took_s)


def _result(seen: Look, acted: Acted, after: JsonObject, why: str, next_due_s: float | None) -> ReconcileResult:
    app, plan = acted.app, seen.plan
    comparison = acted.after or plan.comparison
    state = after.get("operationState") or {}
    return ReconcileResult(
        app=app.key,
        uid=app.uid,
        verdict="acted" if acted.results else "compared",
        sync=comparison.sync,
        health=comparison.health.status,
        phase=cast("Phase | None", state.get("phase")),
        revisions=plan.desired.revisions if plan.desired else (),
        objects=acted.results or (),
        conditions=(*comparison.conditions, *plan.conditions),
        next_due_s=next_due_s,
        why=why,
        destination=seen.target.cluster.url if seen.target else "",
        renders=seen.reads.renders if seen.reads else 0,
    )
