"""Tells what our apply would change from what a mutating webhook adds to it (Argo CD: server-side diff)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.plan.diff import ORDER, Counts, everything
from reconciler.plan.managed import Fields, Step, owns
from reconciler.plan.migration import is_migratable


def by_applying(live: LiveObject, predicted: JsonObject, manager: str) -> Counts:
    """Counts what `manager` owns, before or after, and whatever would go; the rest a webhook set by the way.

    Without managedFields nothing tells the two apart, and everything counts.
    """
    after = (predicted.get("metadata") or {}).get("managedFields") or ()
    if not after:
        return everything
    ours = [*_fields_of(after, manager), *_fields_of(live.metadata.get("managedFields") or (), manager)]

    def counts(steps: Sequence[Step], is_there: bool) -> bool:
        place = steps[:-1] if steps[-1] is ORDER else steps
        return not is_there or any(owns(fields, place) for fields in ours)

    return counts


def _fields_of(entries: Sequence[JsonObject], manager: str) -> Iterator[Fields]:
    for entry in entries:
        applied = entry.get("manager") == manager and entry.get("operation") == "Apply"
        if applied or is_migratable(entry, ()):
            yield entry.get("fieldsV1") or {}
