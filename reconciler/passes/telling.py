"""What people are told of a pass beside the status: events on the Application, and lines in the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import structlog

from reconciler.apply.recorder import EventType
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.result import ObjectResult
from reconciler.passes.acting import Acted
from reconciler.plan.cascade import Cascade
from reconciler.plan.conclude import ended_now
from reconciler.plan.progress import difference_line
from reconciler.plan.steps import Plan, Step
from reconciler.services import Services

MAX_EVENTS = 20
"""One pass sends this many at most: what it did to each object stands in the operation's result as well."""

log = structlog.get_logger(__name__)


class Event(NamedTuple):
    """One event, in Argo CD's reasons."""

    reason: str
    message: str
    kind: EventType = "Normal"


def tell(app: Application, plan: Plan, acted: Acted, after: JsonObject, services: Services) -> None:
    """Logs everything, and sends events for what changed or removed something that was there, or failed.

    A first deployment creates and nothing else: the history says so, and an event more would be a write more.
    """
    events = [*_object_events(plan, acted), *_end_events(app, plan, after)]
    for event in events:
        write = log.warning if event.kind == "Warning" else log.info
        write(event.reason, application=str(app.key), message=event.message)
    for event in events[:MAX_EVENTS]:
        services.recorder.event(app, event.reason, event.message, event.kind)


def tell_deletion(app: Application, decided: Cascade, results: Sequence[ObjectResult], services: Services) -> None:
    """One event for each object that went with its Application, or did not, and for each hook that began."""
    proofs = {item.live.key: f"uid {item.uid}: {item.reason}" for item in decided.delete}
    proofs |= {step.key: f"uid {step.live.uid if step.live else ''}: {step.reason}" for step in decided.hooks}
    for result in results:
        event = _farewell_event(result, f"{result.key} {proofs[result.key]}")
        log.info(event.reason, application=str(app.key), message=event.message)
        services.recorder.event(app, event.reason, event.message, event.kind)


def _farewell_event(result: ObjectResult, proof: str) -> Event:
    if result.action != "start":
        return _deletion_event(result, proof)
    if result.ok:
        return Event("HookStarted", f"{result.key}: {result.message}")
    return Event("HookFailed", f"{result.key}: {result.message}", "Warning")


def _object_events(plan: Plan, acted: Acted) -> Iterator[Event]:
    for step in plan.steps:
        if step.key in acted.outcome.removed:
            yield Event("ResourceDeleted", f"{_proof(step, plan)}, to be created anew by force")
    for result in acted.results or ():
        if result.action in ("prune", "clean"):
            yield _deleted(result, plan)
        elif not result.ok:
            yield Event("ResourceFailed", f"{result.key}: {result.message}", "Warning")
        elif result.differences:
            lines = "; ".join(difference_line(result.key, item) for item in result.differences)
            yield Event("ResourceUpdated", lines)


def _deleted(result: ObjectResult, plan: Plan) -> Event:
    """Every deletion leaves its proof: which object exactly, why, and the revision that no longer holds it."""
    step = next(step for step in plan.steps if step.key == result.key)
    return _deletion_event(result, _proof(step, plan))


def _proof(step: Step, plan: Plan) -> str:
    uid = step.live.uid if step.live else ""
    revision = plan.desired.revisions[0] if plan.desired and plan.desired.revisions else "no revision"
    return f"{step.key} uid {uid}, at {revision}: {step.reason}"


def _deletion_event(result: ObjectResult, proof: str) -> Event:
    if result.ok:
        return Event("ResourceDeleted", proof)
    return Event("DeletionFailed", f"{proof}: {result.message}", "Warning")


def _end_events(app: Application, plan: Plan, after: JsonObject) -> Iterator[Event]:
    """The end of an operation that somebody asked for, or of any that failed."""
    state = ended_now(app, plan, after)
    if state is None:
        return
    failed = state["phase"] != words.SUCCEEDED
    if failed or app.operation is not None:
        message = f"{state['phase']}: {state.get('message', '')}"
        yield Event("OperationCompleted", message, "Warning" if failed else "Normal")
