"""What differs between two states of one object, as people say it: field, live value, desired value, who changed it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from reconciler.models.manifest import JsonObject
from reconciler.models.result import Difference
from reconciler.plan.managed import Step, last_writer
from reconciler.plan.mask import masked_together

MOST_DIFFERENCES: Final = 100
LONGEST_VALUE: Final = 256
ABSENT: Final = object()

FREE_MAPS: Final = frozenset({"annotations", "labels"})
"""Maps whose absence is told key by key."""

Found = tuple[tuple[Step, ...], Any, Any]
Counts = Callable[[Sequence[Step], bool], bool]
"""Whether a difference at these steps matters; the flag says whether anything is to be there."""

ORDER: Final = Step("order")
"""The last step to a list whose items are the same, but not their order."""


def everything(_steps: Sequence[Step], _is_there: bool) -> bool:
    """Every difference counts."""
    return True


def differences(
    live: JsonObject,
    predicted: JsonObject,
    *,
    managed_fields: Sequence[JsonObject] = (),
    hidden: Collection[str] = (),
    sealed: bool = False,
    counts: Counts = everything,
) -> tuple[Difference, ...]:
    """Fields whose values differ, masked, at most 100. Lists are matched by `name` where every item has its own.

    Compares as JSON: 1 equals 1.0, but not true. `managed_fields`, those of the live object, tell who wrote its value.
    `hidden` are annotations that are masked as well, `sealed` masks all values; a difference that does not count is
    left out.
    """
    if live is predicted or _bytes(live) == _bytes(predicted):
        return ()
    shown_live, shown_desired = masked_together(live, predicted, annotations=hidden, sealed=sealed)
    found: list[Difference] = []
    for steps, left, right in _walk((), shown_live, shown_desired):
        if not counts(steps, right is not ABSENT):
            continue
        manager, changed_at = last_writer(managed_fields, steps)
        found.append(Difference(_path(steps), _text(left), _text(right), manager, changed_at))
        if len(found) == MOST_DIFFERENCES:
            break
    return tuple(found)


def same_json(left: Any, right: Any) -> bool:
    """Equality of JSON values: numbers by value, and true is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(value, right[name]) for name, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _bytes(body: JsonObject) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def _walk(steps: tuple[Step, ...], live: Any, desired: Any) -> Iterator[Found]:
    if steps and steps[-1].name in FREE_MAPS:
        live, desired = ({} if live is ABSENT else live), ({} if desired is ABSENT else desired)
    if isinstance(live, dict) and isinstance(desired, dict):
        for name in sorted(live.keys() | desired.keys()):
            yield from _walk((*steps, Step(name)), live.get(name, ABSENT), desired.get(name, ABSENT))
    elif isinstance(live, list) and isinstance(desired, list):
        yield from _walk_list(steps, live, desired)
    elif not same_json(live, desired):
        yield steps, live, desired


def _walk_list(steps: tuple[Step, ...], live: list[Any], desired: list[Any]) -> Iterator[Found]:
    ours, theirs = _by_name(live), _by_name(desired)
    if ours is None or theirs is None:
        if len(live) == len(desired) and all(isinstance(item, dict) for item in (*live, *desired)):
            for index, item in enumerate(live):
                yield from _walk((*steps, Step(str(index), item)), item, desired[index])
        elif not same_json(live, desired):
            yield steps, live, desired
        return
    for name in {**ours, **theirs}:
        left, right = ours.get(name, ABSENT), theirs.get(name, ABSENT)
        yield from _walk((*steps, Step(name, right if left is ABSENT else left)), left, right)
    order = [name for name in ours if name in theirs]
    if order != [name for name in theirs if name in ours]:
        yield (*steps, ORDER), list(ours), list(theirs)


def _by_name(items: list[Any]) -> Mapping[str, Any] | None:
    """Items by their `name`, or None if one has none or two share one."""
    named = {item["name"]: item for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)}
    return named if len(named) == len(items) else None


def _path(steps: Sequence[Step]) -> str:
    return "".join(f"[{step.name}]" if step.item is not None else f".{step.name}" for step in steps).lstrip(".")


def _text(value: Any) -> str | None:
    if value is ABSENT:
        return None
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
