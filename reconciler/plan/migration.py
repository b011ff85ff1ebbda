"""Takes over what client-side apply owned, so that server-side apply can remove what Git no longer holds.

Argo CD and kubectl do the same when they change from client-side to server-side apply.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import orjson

from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.models.words import LAST_APPLIED
from reconciler.plan.managed import Fields, value_at
from reconciler.plan.normalize import normalized

ARGOCD_MANAGER: Final = "argocd-controller"
"""The field manager that Argo CD applies as, on the server's side too."""

CLIENT_SIDE_MANAGERS: Final = frozenset({
    "kubectl-client-side-apply",
    "argocd-controller",
    "argocd-application-controller",
})  # fmt: skip
"""Field managers under which kubectl and Argo CD apply on the client's side, as Update entries."""


def is_migratable(entry: JsonObject, extra_managers: Collection[str]) -> bool:
    """Whether an entry of managedFields is what client-side apply left. `extra_managers` are named by the user."""
    manager = entry.get("manager")
    return (
        entry.get("operation") == "Update"
        and not entry.get("subresource")
        and (manager in CLIENT_SIDE_MANAGERS or manager in extra_managers)
    )


def migration(live: LiveObject, manager: str, extra_managers: Collection[str] = ()) -> list[JsonObject] | None:
    """New managedFields, with client-side entries moved into `manager`'s Apply entry; None: nothing to move.

    Where the last client-side apply is on record, only what it set is moved: defaults belong to nobody. Moved too, our
    next apply would take them away with the objects around them, and the server then refuses `spec: {}` of a custom
    resource as null.
    """
    entries: list[JsonObject] = live.metadata.get("managedFields") or []
    moved = [entry for entry in entries if is_migratable(entry, extra_managers)]
    if not moved:
        return None
    ours = [entry for entry in entries if _is_ours(entry, manager)]
    newest = max(moved, key=lambda entry: str(entry.get("time") or ""))
    fields: Fields = {}
    for entry in moved:
        fields = united(fields, entry.get("fieldsV1") or {})
    last = last_applied(live)
    if last is not None:
        fields = restricted(fields, last)
    for entry in ours:
        fields = united(fields, entry.get("fieldsV1") or {})
    merged = {**newest, "manager": manager, "operation": "Apply", "fieldsV1": fields}
    if ours:
        merged["apiVersion"] = ours[0].get("apiVersion")
    return [*(entry for entry in entries if entry not in ours and entry not in moved), merged]


def united(left: Fields, right: Fields) -> Fields:
    """Fields that either owns."""
    if not left or not right:
        return left or right
    result: dict[str, Any] = dict(left)
    for name, below in right.items():
        result[name] = united(result[name], below) if name in result else below
    return result


def restricted(fields: Fields, value: Any) -> Fields:
    """The part of `fields` that is there in `value`."""
    if not fields:
        return fields
    kept: dict[str, Any] = {}
    for name, below in fields.items():
        there = value_at(name, value)
        if there is not None:
            kept[name] = restricted(below, there)
    return kept


def last_applied(live: LiveObject) -> JsonObject | None:
    """What the last client-side apply set, as its annotation has it; None where there is none that can be read."""
    written = live.annotations.get(LAST_APPLIED)
    try:
        last = orjson.loads(written) if written else None
    except orjson.JSONDecodeError:
        return None
    return normalized(last) if isinstance(last, dict) else None


def _is_ours(entry: JsonObject, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
