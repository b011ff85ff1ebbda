"""The life of one operation: asked for in `.operation`, kept in `status.operationState`, until a terminal phase.

Everything here takes and gives operation states as JSON in Argo CD's shape, so that a state survives any process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.operation import Operation, OperationState, Retry, SyncOperation, SyncResult
from reconciler.models.result import Phase
from reconciler.models.source import ApplicationSource
from reconciler.plan.hooks import attempt_id
from reconciler.plan.times import duration_s, instant_of, rfc3339

FIRST_WAIT = "5s"
LONGEST_WAIT = "3m"
FACTOR = 2
OVERDUE = "operation is terminating due to timeout"
OVERDUE_CAUSE = ", triggered by controller sync timeout"


@dataclass(frozen=True, slots=True)
class Idle:
    """No operation is asked for or under way."""


@dataclass(frozen=True, slots=True)
class Run:
    """This pass works on the operation; `state` is Running, with what earlier passes recorded."""

    state: JsonObject


@dataclass(frozen=True, slots=True)
class Hold:
    """The operation waits for its next attempt."""

    state: JsonObject
    due_s: float
    why: str


@dataclass(frozen=True, slots=True)
class End:
    """The operation ends now, and nothing is written to the cluster."""

    state: JsonObject


Move = Idle | Run | Hold | End


@dataclass(frozen=True, slots=True)
class Target:
    """What a pass renders: sources and, for each, what to resolve. `is_several`: they stand in a list `sources`."""

    sources: tuple[ApplicationSource, ...]
    revisions: tuple[str, ...]
    is_several: bool = False
    of_operation: bool = False

    @property
    def is_pinned(self) -> bool:
        """Whether an operation has resolved any of it before, so that it is not what the spec follows."""
        wanted = (source.target_revision for source in self.sources)
        return self.of_operation and self.revisions != tuple(wanted)


def overdue(app: Application, timeout_s: float, *, now: datetime) -> Application:
    """The Application with its operation being terminated, if that has run for too long; else as it is.

    Argo CD: counted from the start of the operation, its retries included; 0 is no limit.
    """
    state = app.status.operation_state
    if timeout_s <= 0 or app.operation is None or state is None or state.phase != words.RUNNING:
        return app
    if timeout_due_s(state.to_json(), timeout_s, now=now) > 0:
        return app
    ending = state.model_copy(update={"phase": words.TERMINATING, "message": OVERDUE})
    return app.model_copy(update={"status": app.status.model_copy(update={"operation_state": ending})})


def timeout_due_s(state: JsonObject, timeout_s: float, *, now: datetime) -> float:
    """Seconds until a running operation is terminated."""
    started = instant_of(str(state.get("startedAt") or ""))
    return timeout_s - (now - started).total_seconds() if started else timeout_s


def next_move(app: Application, *, now: datetime) -> Move:
    """What becomes of the requested operation in this pass. Argo CD: operation and operationState."""
    state = app.status.operation_state
    if app.operation is None:
        return _withdrawn(state, now) if state and not state.is_completed else Idle()
    if state is None or state.is_completed:
        return _begun(app.operation, now)
    if state.phase == words.TERMINATING:
        cause = OVERDUE_CAUSE if state.message == OVERDUE else ""
        return End(ended(state.to_json(), "Failed", f"Operation terminated{cause}", now=now))
    if state.waits_for_retry:
        return _between_attempts(state, now)
    return Run({**state.to_json(), "phase": words.RUNNING})


def target(app: Application, *, may_write: bool, now: datetime) -> Target:
    """What this pass has to render: what the running operation pinned, else what the spec says.

    Argo CD: a resumed operation keeps the revision that it resolved first, so a newer commit waits for its end.
    """
    move = next_move(app, now=now)
    if not may_write or not isinstance(move, Run):
        return of_spec(app)
    state = OperationState.model_validate(move.state)
    sync, result = state.operation.sync, state.sync_result
    if sync is None:
        return of_spec(app)
    sources = sync.sources or ((sync.source,) if sync.source else app.spec.all_sources)
    several = bool(sync.sources) or (sync.source is None and bool(app.spec.sources))
    recorded = _pins(result, several=several) if result else ()
    pins = recorded if any(recorded) else _pins(sync, several=several)
    return Target(sources, _pinned(sources, pins), is_several=several, of_operation=True)


def of_spec(app: Application) -> Target:
    """What the spec follows, whatever an operation has pinned."""
    sources = app.spec.all_sources
    return Target(sources, tuple(source.target_revision for source in sources), is_several=bool(app.spec.sources))


def start(operation: JsonObject, *, now: datetime) -> JsonObject:
    """The state of an operation that begins."""
    return {"operation": operation, "phase": words.RUNNING, "startedAt": rfc3339(now)}


def running(state: JsonObject, message: str) -> JsonObject:
    """The state of an operation that goes on in another pass."""
    return {**state, "phase": words.RUNNING, "message": message}


def ended(state: JsonObject, phase: Phase, message: str, *, now: datetime) -> JsonObject:
    """The state of an operation that is over."""
    return {**state, "phase": phase, "message": message, "finishedAt": rfc3339(now)}


def failed(state: JsonObject, message: str, *, phase: Phase = "Failed", now: datetime) -> JsonObject:
    """The state after a failed attempt: over, or waiting for the next one.

    Argo CD: "waiting to retry" is Running with `finishedAt`. The message names the wait before the count goes up, the
    gate uses the one after, so the first real wait is 10 s where the message says 5.
    """
    retry, count = _retry_of(state), int(state.get("retryCount") or 0)
    if 0 <= retry.limit <= count:
        return ended(state, phase, f"{message} (retried {count} times)." if count else message, now=now)
    try:
        at = now + timedelta(seconds=wait_s(retry, count))
    except ValueError as error:
        return ended(state, "Error", f"{message} (failed to retry: {error})", now=now)
    clock = at.strftime("%I:%M%p").lstrip("0")
    told = f"{message}. Retrying attempt #{count + 1} at {clock}."
    return {**running(state, told), "finishedAt": rfc3339(now), "retryCount": count + 1}


def wait_s(retry: Retry, count: int) -> float:
    """Seconds before an attempt. Argo CD: min(maxDuration, duration * factor ** count), defaults 5s, 2, 3m.

    Raises ValueError for a duration that does not parse.
    """
    backoff = retry.backoff
    first = duration_s((backoff and backoff.duration) or FIRST_WAIT)
    longest = duration_s((backoff and backoff.max_duration) or LONGEST_WAIT)
    factor = backoff.factor if backoff and backoff.factor is not None else FACTOR
    # A count of retries without end would overflow a float long after the cap has been reached.
    grown = first * float(factor) ** min(count, 64)
    return min(longest, grown) if longest > 0 else grown


def retry_due_s(state: JsonObject, *, now: datetime) -> float:
    """Seconds until a waiting operation may try again; 0 when it may now."""
    finished = instant_of(str(state.get("finishedAt") or ""))
    if finished is None:
        return 0.0
    try:
        gate = finished + timedelta(seconds=wait_s(_retry_of(state), int(state.get("retryCount") or 0)))
    except ValueError:
        return 0.0
    return max(0.0, (gate - now).total_seconds())


def is_automated(state: JsonObject) -> bool:
    """Whether the controller started it. Argo CD: a retry keeps the original initiator."""
    return bool((state["operation"].get("initiatedBy") or {}).get("automated"))


def attempt_of(app: Application, state: JsonObject) -> str:
    """Names this attempt of this operation, the same in every pass and in no other attempt: stamps its hooks."""
    return attempt_id(app.uid, state)


def _begun(operation: Operation, now: datetime) -> Move:
    state = start(operation.to_json(), now=now)
    if operation.sync is None:
        return End(ended(state, "Failed", "Invalid operation request: no operation specified", now=now))
    return Run(state)


def _between_attempts(state: OperationState, now: datetime) -> Move:
    recorded = state.to_json()
    due_s = retry_due_s(recorded, now=now)
    if due_s > 0:
        return Hold(recorded, due_s, f"attempt {state.retry_count} of the operation")
    return Run(_resumed(recorded))


def _resumed(state: JsonObject) -> JsonObject:
    """Argo CD: a retry forgets `finishedAt` and `syncResult`, and with `retry.refresh` also the pinned revision."""
    message = f"Retrying operation. Attempt #{state.get('retryCount', 0)}"
    kept = {key: value for key, value in state.items() if key not in ("finishedAt", "syncResult")}
    if _retry_of(state).refresh:
        sync = {k: v for k, v in state["operation"]["sync"].items() if k not in ("revision", "revisions")}
        kept["operation"] = {**state["operation"], "sync": sync}
    return running(kept, message)


def _withdrawn(state: OperationState, now: datetime) -> Move:
    # Somebody removed `.operation` by hand: without an end the state would say Running for ever.
    return End(ended(state.to_json(), "Failed", "Operation terminated: its request was withdrawn", now=now))


def _retry_of(state: JsonObject) -> Retry:
    return Retry.model_validate(state["operation"].get("retry") or {})


def _pins(asked: SyncOperation | SyncResult, *, several: bool) -> tuple[str, ...]:
    """Argo CD: `revisions` goes with `sources` and `revision` with `source`; each is ignored beside the other."""
    return asked.revisions if several else (asked.revision,)


def _pinned(sources: tuple[ApplicationSource, ...], pins: tuple[str, ...]) -> tuple[str, ...]:
    padded = (*pins, *("" for _ in sources))
    return tuple(pin or source.target_revision for source, pin in zip(sources, padded, strict=False))
