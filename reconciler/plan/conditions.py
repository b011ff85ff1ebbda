"""Bookkeeping of conditions. Argo CD: each evaluator owns a set of types and replaces exactly that set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from reconciler.models import words
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Condition
from reconciler.plan.times import rfc3339

OF_SPEC = frozenset({words.INVALID_SPEC_ERROR, words.UNKNOWN_ERROR})
OF_COMPARISON = frozenset(
    {
        words.COMPARISON_ERROR,
        words.SHARED_RESOURCE_WARNING,
        words.REPEATED_RESOURCE_WARNING,
        words.EXCLUDED_RESOURCE_WARNING,
        words.ORPHANED_RESOURCE_WARNING,
        words.FLOATING_VERSION_WARNING,
    }
)
OF_SYNC = frozenset({words.SYNC_ERROR})
OF_DELETION = frozenset({words.DELETION_ERROR})


def replaced(
    before: Sequence[JsonObject], evaluated: AbstractSet[str], found: Iterable[Condition], *, now: datetime
) -> list[JsonObject]:
    """The conditions after evaluating those types; a time of transition is kept while type and message are the same."""
    since = {(item.get("type"), item.get("message")): item.get("lastTransitionTime") for item in before}
    kept = [item for item in before if item.get("type") not in evaluated]
    new = [item for item in dict.fromkeys(found) if item.type in evaluated]
    return [*kept, *(_entry(item, since.get((item.type, item.message)) or rfc3339(now)) for item in new)]


def _entry(condition: Condition, since: str) -> JsonObject:
    return {"type": condition.type, "message": condition.message, "lastTransitionTime": since}
