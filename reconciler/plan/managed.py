"""Reads managedFields: which manager owns which field. Knows the format, decides nothing.

A node of `fieldsV1` maps `f:<field>`, `k:<keys of a list item as JSON>` and `v:<value of a set>` to further nodes; the
entry `.` means the thing itself, and an empty node is a leaf: a scalar, or a list or map that is owned as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from reconciler.models.manifest import JsonObject

Fields = Mapping[str, Any]


class Step(NamedTuple):
    """One step into an object: a field, or (with `item`) an element of a list."""

    name: str
    item: Any = None


@lru_cache(maxsize=4096)
def item_keys(name: str) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The key fields in a node's name `k:{…}`, and their values."""
    keys: dict[str, Any] = orjson.loads(name[2:])
    return tuple(keys), tuple(keys.values())


def last_writer(managed_fields: Sequence[JsonObject], steps: Sequence[Step]) -> tuple[str | None, str | None]:
    """Manager and time of the newest entry that owns the field at `steps`, or (None, None)."""
    owners = [entry for entry in managed_fields if owns(entry.get("fieldsV1") or {}, steps)]
    if not owners:
        return None, None
    newest = max(owners, key=lambda entry: str(entry.get("time") or ""))
    return newest.get("manager"), newest.get("time")


def owns(node: Fields, steps: Sequence[Step]) -> bool:
    """Whether whoever has these fields owns the one at `steps`, or a part of it."""
    for step in steps:
        found = child(node, step)
        if found is None:
            return False
        if not found:
            return True
        node = found
    return True


def child(node: Fields, step: Step) -> Fields | None:
    """The node one step further down, or None."""
    if step.item is None:
        found: Fields | None = node.get("f:" + step.name)
        return found
    return item_node(node, step.item)


def item_node(node: Fields, item: Any) -> Fields | None:
    """The node of one list item, by its keys; a key field that the item leaves to its default matches by the others."""
    if not isinstance(item, dict):
        found: Fields | None = node.get("v:" + orjson.dumps(item).decode())
        return found
    for name, below in node.items():
        if name.startswith("k:") and _is_item(name, item):
            return below  # type: ignore[no-any-return]  # fieldsV1 is untyped JSON
    return None


def _is_item(node: str, item: JsonObject) -> bool:
    names, values = item_keys(node)
    return any(name in item for name in names) and all(
        item.get(name, value) == value for name, value in zip(names, values, strict=True)
    )


def value_at(name: str, value: Any) -> Any:
    """What the node called `name` stands for in `value`, or None if it is not there; `.` is the value itself."""
    if name == ".":
        return value
    if name.startswith("f:"):
        return value.get(name[2:]) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if name.startswith("k:"):
        return next((item for item in value if isinstance(item, dict) and _is_item(name, item)), None)
    wanted = orjson.loads(name[2:])
    return next((item for item in value if item == wanted), None)
