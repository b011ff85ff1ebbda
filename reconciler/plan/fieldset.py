"""Whether fields that somebody owns are exactly those of an object that they would apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from reconciler.plan.managed import Fields, item_keys
from reconciler.plan.schema.lists import KEY_DEFAULTS

ITSELF: Final = "."
ABSENT: Final = object()


def owns_exactly(fields: Fields, desired: Any) -> bool:
    """Whether an applier of `desired` would own these fields. An empty node owns a value as a whole."""
    if not fields:
        return True
    if isinstance(desired, dict):
        # An empty list whose items would be owned one by one leaves no trace.
        traced = {name: value for name, value in desired.items() if value != [] or "f:" + name in fields}
        return size(fields) == len(traced) and all(
            (below := fields.get("f:" + name)) is not None and owns_exactly(below, value)
            for name, value in traced.items()
        )
    return isinstance(desired, list) and _owns_items(fields, desired)


def size(fields: Fields) -> int:
    """Number of fields or items below."""
    return len(fields) - (ITSELF in fields)


def owned_items(fields: Fields) -> tuple[tuple[str, ...], dict[tuple[Any, ...], Fields]]:
    """Names of the key fields of this list's items, and the items' nodes by their values; for a set, nothing."""
    names: tuple[str, ...] = ()
    found: dict[tuple[Any, ...], Fields] = {}
    for name, below in fields.items():
        if name[0] == "k":
            names, values = item_keys(name)
            found[values] = below
    return names, found


def identity(item: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """The values of an item's key fields, defaults filled in."""
    if not isinstance(item, dict):
        return (ABSENT,)
    return tuple([item.get(name, KEY_DEFAULTS.get(name, ABSENT)) for name in names])


def set_name(value: Any) -> str:
    """The name of a set value's node."""
    return f'v:"{value}"' if isinstance(value, str) else f"v:{value}"


def _owns_items(fields: Fields, desired: list[Any]) -> bool:
    if size(fields) != len(desired):
        return False
    names, owned = owned_items(fields)
    if not names:
        return all(set_name(item) in fields for item in desired)
    found = [(owned.get(identity(item, names)), item) for item in desired]
    return all(below is not None and owns_exactly(below, item) for below, item in found)
