"""Tells what our apply would change from what a mutating webhook adds to it (Argo CD: server-side diff)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.plan.diff import ORDER, Counts, everything
from reconciler.plan.managed import Fields, Step, owns
from reconciler.plan.migration import is_migratable


def by_applying(desired: Manifest, live: LiveObject, predicted: JsonObject, manager: str) -> Counts:
    """Counts what is desired, what `manager` owns before or after, and whatever would go; the rest is a webhook's.

    Where `predicted` has no ownership of its own, because no server gave it, everything counts.
    """
    after = (predicted.get("metadata") or {}).get("managedFields") or ()
    if not after or after is live.metadata.get("managedFields"):
        return everything
    ours = [*_fields_of(after, manager), *_fields_of(live.metadata.get("managedFields") or (), manager)]

    def counts(steps: Sequence[Step], is_there: bool) -> bool:
        place = steps[:-1] if steps[-1] is ORDER else steps
        return not is_there or _names(desired.body, place) or any(owns(fields, place) for fields in ours)

    return counts


def _names(node: Any, steps: Sequence[Step]) -> bool:
    """Whether there is something at `steps`."""
    for step in steps:
        if isinstance(node, list):
            node = next((item for item in node if _is_item(item, step)), None)
        else:
            node = node.get(step.name) if isinstance(node, dict) else None
        if node is None:
            return False
    return True


def _is_item(item: Any, step: Step) -> bool:
    return isinstance(item, dict) and item.get("name") in (step.name, None)


def _fields_of(entries: Sequence[JsonObject], manager: str) -> Iterator[Fields]:
    for entry in entries:
        applied = entry.get("manager") == manager and entry.get("operation") == "Apply"
        if applied or is_migratable(entry, ()):
            yield entry.get("fieldsV1") or {}
