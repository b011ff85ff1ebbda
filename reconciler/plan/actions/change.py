"""The values of an action, and the patch from one state of an object to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from reconciler.models.manifest import JsonObject


@dataclass(frozen=True, slots=True)
class Change:
    """`patch` makes the object itself like `resource`, `create` makes a new one of it."""

    operation: Literal["patch", "create"]
    resource: JsonObject


Apply = Callable[[JsonObject, Mapping[str, str], datetime], Change]
Offered = Callable[[JsonObject], bool]


@dataclass(frozen=True, slots=True)
class Action:
    """A built-in action. `apply` gets the object, parameters as text, and the time. Raises ValueError for bad ones."""

    apply: Apply
    params: tuple[str, ...] = ()
    is_enabled: Offered = lambda _body: True


def merge_patch(before: Any, after: Any) -> JsonObject:
    """The JSON merge patch from one object to the other; empty where they are the same.

    Lua has no null and cannot tell an empty list from an empty table: what says nothing on both sides is equal.
    """
    patch: JsonObject = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new or (not _says(old) and not _says(new)):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            inner = merge_patch(old, new)
            if inner:
                patch[name] = inner
        elif not _alike(old, new):
            patch[name] = new
    return patch


def _says(value: Any) -> bool:
    return value is not None and value != [] and value != {}


def _alike(old: Any, new: Any) -> bool:
    """Whether two lists differ only in what Lua cannot tell."""
    if not (isinstance(old, list) and isinstance(new, list) and len(old) == len(new)):
        return False
    return all(
        left == right
        or (isinstance(left, dict) and isinstance(right, dict) and not merge_patch(left, right))
        or _alike(left, right)
        for left, right in zip(old, new, strict=True)
    )
