"""The proof without a call: what our field manager owns says that applying the desired object changes nothing."""

from __future__ import annotations

from typing import Any, Final

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.plan.diff import same_json
from reconciler.plan.fieldset import ABSENT, identity, owned_items, owns_exactly, set_name, size
from reconciler.plan.managed import Fields
from reconciler.plan.migration import is_migratable
from reconciler.plan.schema.groups import BUILT_IN_GROUPS
from reconciler.plan.threeway import estimated

UNOWNED: Final = frozenset({"apiVersion", "kind", "status"})
UNOWNED_METADATA: Final = frozenset({"name", "namespace", "creationTimestamp"})
"""Fields that identify an object or belong to others: an API server never lists them under an applier."""


PLAIN: Final = frozenset({str, int, bool})


def owned_fields_equal(desired: Manifest, live: LiveObject, manager: str) -> bool | None:
    """True: applying `desired` as `manager` would change nothing. None: in doubt, ask the server. Never False.

    Holds if exactly one Apply entry is the manager's, made for the same apiVersion and no subresource, no client-side
    owner is left to migrate, its fields are exactly those of `desired`, and all their values are equal: as JSON, or for
    built-in kinds as their server stores them (`1000m` as `1`, an empty map as none, defaults inside what is written
    as a whole).
    """
    fields = _sole_entry(live, desired.api_version, manager)
    if fields is None or live.api_version != desired.api_version:
        return None
    body, below = _owned_part(desired.body), {name: node for name, node in fields.items() if name != "f:status"}
    if _same_object(below, body, live.body):
        return True
    stored_alike = live.key.group in BUILT_IN_GROUPS and owns_exactly(below, body)
    return True if stored_alike and estimated(desired, live, manager=manager) is live.body else None


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
        return _same_items(fields, desired, live)
    return False


def _same_object(fields: Fields, desired: JsonObject, live: JsonObject) -> bool:
    if size(fields) != len(desired):
        return False
    for name, value in desired.items():
        below = fields.get("f:" + name)
        if below is None:
            return False
        there = live.get(name, ABSENT)
        # The commonest case by far, a plain value that is owned as a whole, without a call.
        if not below and value.__class__ in PLAIN:
            if value != there or there.__class__ is not value.__class__:
                return False
        elif not _same(below, value, there):
            return False
    return True


def _same_set(fields: Fields, desired: list[Any], live: list[Any]) -> bool:
    owned = [item for item in live if set_name(item) in fields]
    return size(fields) == len(desired) and same_json(owned, desired)


def _same_items(fields: Fields, desired: list[Any], live: list[Any]) -> bool:
    """Items are matched by the keys that the fields themselves name; those of ours must stand in the desired order."""
    names, owned = owned_items(fields)
    if not names:
        return _same_set(fields, desired, live)
    ours = [item for item in live if identity(item, names) in owned]
    if not len(owned) == len(desired) == len(ours):
        return False
    for item, there in zip(desired, ours, strict=True):
        own = identity(item, names)
        if own not in owned or own != identity(there, names) or not _same(owned[own], item, there):
            return False
    return True
