"""Mending drift: how long to wait before the next attempt, and what it covers. Argo CD: self-heal."""

from __future__ import annotations

from datetime import datetime

from reconciler.models.manifest import JsonObject
from reconciler.models.operation import OperationState
from reconciler.plan.compare import Comparison
from reconciler.plan.times import instant_of

FIRST_WAIT_S = 2.0
FACTOR = 3.0
LONGEST_WAIT_S = 300.0


def attempts(last: OperationState) -> int:
    """How often in a row this revision has been healed, as the last operation carries it."""
    return last.operation.sync.auto_heal_attempts_count if last.operation.sync else 0


def wait_s(attempt: int) -> float:
    """Seconds between the last operation and the next heal: 0, then 2, 6, 18 … at most 300."""
    if attempt <= 0:
        return 0.0
    # The exponent is capped long after the wait is, so that a count of years does not overflow.
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * FACTOR ** min(attempt - 1, 16))


def remaining_s(last: OperationState, *, now: datetime) -> float:
    """Seconds until the next heal may start, measured from the end of the last operation; 0 when it may now."""
    finished = instant_of(last.finished_at)
    if finished is None:
        return 0.0
    return max(0.0, wait_s(attempts(last)) - (now - finished).total_seconds())


def resources(comparison: Comparison) -> list[JsonObject]:
    """The partial sync of a heal: what is not Synced, by group, kind and name (Argo CD gives no namespace)."""
    keys = dict.fromkeys(
        (item.key.group, item.key.kind, item.key.name)
        for item in comparison.objects
        if item.sync is not None and item.sync != "Synced"
    )
    return [_reference(*key) for key in keys]


def _reference(group: str, kind: str, name: str) -> JsonObject:
    return {**({"group": group} if group else {}), "kind": kind, "name": name}
