"""The proof without a call: what our field manager owns says that applying the desired object changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.plan.diff import same_json
from reconciler.plan.managed import Fields, item_keys
from reconciler.plan.migration import is_migratable

UNOWNED: Final = frozenset({"apiVersion", "kind", "status"})
UNOWNED_METADATA: Final = frozenset({"name", "namespace", "creationTimestamp"})
"""Fields that identify an object or belong to others: an API server never lists them under an applier."""

KEY_DEFAULTS: Final[Mapping[str, str]] = {"protocol": "TCP"}
"""Key fields of list items that built-in schemas default, and so appear among the keys although nobody wrote them."""

ITSELF: Final = "."
ABSENT: Final = object()


def owned_fields_equal(desired: Manifest, live: LiveObject, manager: str) -> bool | None:
    """True: applying `desired` as `manager` would change nothing. None: in doubt, ask the server. Never False.

    Holds if exactly one Apply entry is the manager's, made for the same apiVersion and no subresource, no client-side
    owner is left to migrate, its fields are exactly those of `desired`, and all their values are equal as JSON.
    """
    fields = _sole_entry(live, desired.api_version, manager)
    if fields is None or live.api_version != desired.api_version:
        return None
    body, below = _owned_part(desired.body), {name: node for name, node in fields.items() if name != "f:status"}
    return True if _same_object(below, body, live.body) else None


def _sole_entry(live: LiveObject, api_version: str, manager: str) -> Fields | None:
    ours: Fields | None = None
    for entry in live.metadata.get("managedFields") or ():
        if is_migratable(entry, ()):
            return None
        if entry.get("manager") == manager and entry.get("operation") == "Apply":
            if ours is not None or entry.get("subresource") or entry.get("apiVersion") != api_version:
                return None
            ours = entry.get("fieldsV1") or {}
    return ours


def _owned_part(body: JsonObject) -> JsonObject:
    part = {name: value for name, value in body.items() if name not in UNOWNED}
    metadata = {name: value for name, value in body["metadata"].items() if name not in UNOWNED_METADATA}
    if metadata:
        part["metadata"] = metadata
    else:
        del part["metadata"]
    return part


def _same(fields: Fields, desired: Any, live: Any) -> bool:
    if not fields:
        return same_json(desired, live)
    if isinstance(desired, dict) and isinstance(live, dict):
        return _same_object(fields, desired, live)
    if isinstance(desired, list) and isinstance(live, list):
        return _same_set(fields, desired, live) if _is_set(fields) else _same_items(fields, desired, live)
    return False


def _same_object(fields: Fields, desired: JsonObject, live: JsonObject) -> bool:
    if len(fields) - (ITSELF in fields) != len(desired):
        return False
    for name, value in desired.items():
        below = fields.get("f:" + name)
        if below is None or name not in live:
            return False
        there = live[name]
        # The commonest case by far, a text that is owned as a whole, without a call.
        if below or value.__class__ is not str:
            if not _same(below, value, there):
                return False
        elif value != there:
            return False
    return True


def _is_set(fields: Fields) -> bool:
    return any(name.startswith("v:") for name in fields)


def _same_set(fields: Fields, desired: list[Any], live: list[Any]) -> bool:
    owned = [item for item in live if _set_name(item) in fields]
    return len(fields) - (ITSELF in fields) == len(desired) and same_json(owned, desired)


def _set_name(value: Any) -> str:
    return f'v:"{value}"' if isinstance(value, str) else f"v:{value}"


def _same_items(fields: Fields, desired: list[Any], live: list[Any]) -> bool:
    """Items are matched by the keys that the fields themselves name; those of ours must stand in the desired order."""
    owned = dict(_items(fields))
    names = _key_names(fields)
    if not names or len(owned) != len(desired):
        return False
    ours = [item for item in live if _identity(item, names) in owned]
    if len(ours) != len(desired):
        return False
    for item, there in zip(desired, ours, strict=True):
        identity = _identity(item, names)
        if identity not in owned or identity != _identity(there, names) or not _same(owned[identity], item, there):
            return False
    return True


def _items(fields: Fields) -> list[tuple[tuple[Any, ...], Fields]]:
    return [(tuple(value for _, value in item_keys(name)), below) for name, below in fields.items() if name[0] == "k"]


def _key_names(fields: Fields) -> Sequence[str]:
    return next((tuple(key for key, _ in item_keys(name)) for name in fields if name[0] == "k"), ())


def _identity(item: Any, names: Sequence[str]) -> tuple[Any, ...]:
    if not isinstance(item, dict):
        return (ABSENT,)
    return tuple(item.get(name, KEY_DEFAULTS.get(name, ABSENT)) for name in names)
