"""What changed between two readings of an Application, as lines for somebody who waits."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.cli.app.words import object_line, short
from reconciler.models.application import Application
from reconciler.models.operation import OperationState, ResourceResult


def changes(before: Application | None, after: Application) -> list[str]:
    """Lines for what is new; `before` None tells of everything that stands now but for single objects."""
    return [
        *_operation(before, after),
        *_verdicts(before, after),
        *_objects(before, after),
        *_conditions(before, after),
    ]


def summary(app: Application) -> str:
    """Where it stands, in one line."""
    state = app.status.operation_state
    running = app.operation is not None
    phase = f"operation {state.phase if state and not state.is_completed else 'requested'}, " if running else ""
    return f"{app.key.name}: {phase}{verdicts(app)}"


def verdicts(app: Application) -> str:
    """Sync and health."""
    return f"{app.status.sync.status or 'Unknown'}, {app.status.health.status or 'Unknown'}"


def _operation(before: Application | None, after: Application) -> Iterator[str]:
    old, new = _state(before), _state(after)
    if new is None or (before is None and new.is_completed):
        return  # an old operation is no news
    known = {_identity(item): item for item in _results(old)} if _is_same(old, new) else {}
    for item in _results(new) if before is not None else ():
        if known.get(_identity(item)) != item:
            yield f"{_object(item)}: {item.status} {item.message}".rstrip()
    if old is None or (old.phase, old.message, old.started_at) != (new.phase, new.message, new.started_at):
        yield f"operation {new.phase}" + (f": {new.message}" if new.message else "")


def _verdicts(before: Application | None, after: Application) -> Iterator[str]:
    old, new = (before.status if before else None), after.status
    sync = (new.sync.status or "Unknown", new.sync.revision)
    if old is None or (old.sync.status or "Unknown", old.sync.revision) != sync:
        yield f"sync {sync[0]}" + (f" at {short(sync[1])}" if sync[1] else "")
    health = new.health.status or "Unknown"
    if old is None or (old.health.status or "Unknown") != health:
        yield f"health {health}" + (f": {new.health.message}" if new.health.message else "")


def _objects(before: Application | None, after: Application) -> Iterator[str]:
    if before is None:
        return
    known = {item.key: item for item in before.status.resources}
    for item in after.status.resources:
        old, health = known.get(item.key), item.health
        was = old.health.status if old and old.health else ""
        if health and health.status and health.status != was:
            yield f"{object_line(item)}: {health.status}" + (f" {health.message}" if health.message else "")


def _conditions(before: Application | None, after: Application) -> Iterator[str]:
    known = {(item.type, item.message) for item in before.status.conditions} if before else set()
    for item in after.status.conditions:
        if (item.type, item.message) not in known:
            yield f"{item.type}: {item.message}"


def _state(app: Application | None) -> OperationState | None:
    return app.status.operation_state if app else None


def _is_same(old: OperationState | None, new: OperationState) -> bool:
    return old is not None and old.started_at == new.started_at


def _results(state: OperationState | None) -> tuple[ResourceResult, ...]:
    return state.sync_result.resources if state and state.sync_result else ()


def _identity(item: ResourceResult) -> tuple[str, ...]:
    return (item.group, item.kind, item.namespace, item.name, item.sync_phase)


def _object(item: ResourceResult) -> str:
    return f"{item.kind} {item.namespace + '/' if item.namespace else ''}{item.name}"
