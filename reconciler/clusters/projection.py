"""What of a live object is ours: the fields that our manager owns, as values that change only when those do. Pure.

Writes to a status, and fields that others own (replicas under an autoscaler, their annotations), leave it equal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from reconciler.models.manifest import JsonObject
from reconciler.plan.managed import Fields, item_keys
from reconciler.plan.migration import CLIENT_SIDE_MANAGERS, united

ITSELF = "."
NOISE = frozenset({"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"})


def projection(body: JsonObject, manager: str, extra_managers: Collection[str] = ()) -> bytes:
    """Canonical JSON of the fields that `manager` applied or that client-side apply left to it, and of their values.

    An object on which nobody of these owns anything is projected whole, without status and bookkeeping.
    """
    owned = owned_fields(body, manager, extra_managers)
    part = _pick(owned, body) if owned else _whole(body)
    return orjson.dumps(part, option=orjson.OPT_SORT_KEYS)


def owned_fields(body: JsonObject, manager: str, extra_managers: Collection[str] = ()) -> Fields:
    """The united `fieldsV1` of all entries that count as ours; empty when there are none."""
    fields: Fields = {}
    for entry in body.get("metadata", {}).get("managedFields") or ():
        name, applied = entry.get("manager"), entry.get("operation") == "Apply"
        left = not applied and (name in CLIENT_SIDE_MANAGERS or name in extra_managers)
        if not entry.get("subresource") and ((applied and name == manager) or left):
            fields = united(fields, entry.get("fieldsV1") or {})
    return fields


def _pick(fields: Fields, value: Any) -> Any:
    if not fields:
        return value
    if isinstance(value, Mapping):
        return {name[2:]: _pick(below, value.get(name[2:])) for name, below in fields.items() if name[0] == "f"}
    if isinstance(value, list):
        return _pick_items(fields, value)
    return value


def _pick_items(fields: Fields, items: list[Any]) -> list[Any]:
    """Owned items in their live order, so that reordering shows; what is owned and missing shows as a shorter list."""
    keyed = [(item_keys(name), below) for name, below in fields.items() if name[0] == "k"]
    if keyed:
        return [_pick(below, item) for item in items for keys, below in keyed if _has_keys(item, keys)]
    # Sets and lists by position: the node names say which, and the live values are compared as they are.
    return [sorted(name for name in fields if name != ITSELF), items]


def _has_keys(item: Any, keys: tuple[tuple[str, ...], tuple[Any, ...]]) -> bool:
    return isinstance(item, dict) and all(item.get(name, value) == value for name, value in zip(*keys, strict=True))


def _whole(body: JsonObject) -> JsonObject:
    metadata = {name: value for name, value in body.get("metadata", {}).items() if name not in NOISE}
    return {**{name: value for name, value in body.items() if name != "status"}, "metadata": metadata}
