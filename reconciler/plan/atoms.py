"""Equality of lists and objects that are written as a whole: only defaults may have been added to them."""

from __future__ import annotations

from typing import Any

from reconciler.plan.diff import same_json
from reconciler.plan.scalars import same_value
from reconciler.plan.schema.defaults import Siblings, default
from reconciler.plan.schema.zeroes import vanishes


def covers(kind: str | None, path: tuple[str, ...], desired: Any, live: Any) -> bool:
    """Whether a server would store `desired` as `live`. `kind` None: a custom resource, additions are defaults."""
    if isinstance(desired, dict) and isinstance(live, dict):
        return _covers_object(kind, path, desired, live)
    if isinstance(desired, list) and isinstance(live, list):
        return len(desired) == len(live) and all(
            covers(kind, path, left, right) for left, right in zip(desired, live, strict=True)
        )
    return same_json(desired, live) if kind is None else same_value(path, desired, live)


def _covers_object(kind: str | None, path: tuple[str, ...], desired: dict[str, Any], live: dict[str, Any]) -> bool:
    if kind is None:
        return all(covers(None, path, value, live.get(name)) for name, value in desired.items())
    for name, value in desired.items():
        below = (*path, name)
        if name in live and not vanishes(kind, below, value):
            if not covers(kind, below, value, live[name]):
                return False
        elif not _is_empty(kind, below, value, desired) or not _is_empty(kind, below, live.get(name), desired):
            return False
    return all(_is_empty(kind, (*path, name), value, desired) for name, value in live.items() if name not in desired)


def _is_empty(kind: str, path: tuple[str, ...], value: Any, siblings: Siblings) -> bool:
    """Whether the value is what an unset field holds after storing."""
    return vanishes(kind, path, value) or covers(kind, path, default(kind, path, siblings), value)
