"""What is applied where ignored fields are left alone (Argo CD: RespectIgnoreDifferences)."""

from __future__ import annotations

from typing import Any, Final

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.plan.diff import same_json
from reconciler.plan.ignore import IgnoreRules
from reconciler.plan.managed import Fields, item_node
from reconciler.plan.migration import is_migratable, united

NOTHING: Final[Any] = object()


def respecting(desired: Manifest, live: LiveObject, rules: IgnoreRules, manager: str) -> Manifest:
    """`desired` with the live values of all fields that are not compared; itself where no rule touches either.

    A field that `desired` does not name is left to whoever has it, unless `manager` owns it: then leaving it out would
    take it away. Raises what the rules raise for jq.
    """
    owners = live.metadata.get("managedFields") or ()
    target = rules.without(desired.body, live.key, owners)
    there = rules.without(live.body, live.key, owners)
    if target is desired.body and there is live.body:
        return desired
    return Manifest(_object(_Sides(desired.body, live.body, there, _ours(live, manager)), target))


class _Sides:
    """One place in all states: as desired, live, live without what is ignored, and what we own of it."""

    __slots__ = ("cut", "desired", "live", "owned")

    def __init__(self, desired: Any, live: Any, cut: Any, owned: Fields | None) -> None:
        self.desired, self.live, self.cut, self.owned = desired, live, cut, owned

    def at(self, name: str) -> _Sides:
        below = None if self.owned is None else self.owned.get("f:" + name)
        return _Sides(_field(self.desired, name), _field(self.live, name), _field(self.cut, name), below)

    @property
    def is_kept(self) -> bool:
        """Whether what is ignored here has to be written as it is."""
        return self.desired is not NOTHING or self.owned is not None


def _merged(sides: _Sides, target: Any) -> Any:
    """`target` where nothing is ignored, else the live value as far as it is ignored."""
    if same_json(sides.live, sides.cut):
        return target
    if sides.cut is NOTHING:
        return sides.live if sides.is_kept else target
    if isinstance(sides.live, dict) and isinstance(sides.cut, dict) and (target is NOTHING or isinstance(target, dict)):
        merged = _object(sides, {} if target is NOTHING else target)
        return merged if merged or target is not NOTHING else NOTHING
    if isinstance(sides.live, list) and isinstance(sides.cut, list) and isinstance(target, list):
        return _list(sides, target)
    return target


def _object(sides: _Sides, target: JsonObject) -> JsonObject:
    merged = {name: _merged(sides.at(name), target.get(name, NOTHING)) for name in [*target, *sides.live]}
    return {name: value for name, value in merged.items() if value is not NOTHING}


def _list(sides: _Sides, target: list[Any]) -> list[Any]:
    """Items are matched by name, else by place; one that is ignored as a whole is put back at the end."""
    result = list(target)
    for index, item in enumerate(sides.live):
        wanted = _same_item(sides.desired if isinstance(sides.desired, list) else [], item, index)
        place = _place(result, item, index)
        cut = _same_item(sides.cut, item, index if len(sides.cut) == len(sides.live) else -1)
        below = _Sides(wanted, item, cut, item_node(sides.owned, item) if sides.owned else None)
        merged = _merged(below, result[place] if place is not None else NOTHING)
        if place is not None:
            result[place] = merged
        elif merged is not NOTHING and cut is NOTHING:
            result.append(merged)
    return result


def _same_item(items: list[Any], item: Any, index: int) -> Any:
    place = _place(items, item, index)
    return NOTHING if place is None else items[place]


def _place(items: list[Any], item: Any, index: int) -> int | None:
    name = _name(item)
    if name is not None:
        return next((place for place, other in enumerate(items) if _name(other) == name), None)
    if not isinstance(item, dict):
        return next((place for place, other in enumerate(items) if same_json(other, item)), None)
    return index if 0 <= index < len(items) else None


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else None


def _field(node: Any, name: str) -> Any:
    return node.get(name, NOTHING) if isinstance(node, dict) else NOTHING


def _ours(live: LiveObject, manager: str) -> Fields:
    fields: Fields = {}
    for entry in live.metadata.get("managedFields") or ():
        own = entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
        if own or is_migratable(entry, ()):
            fields = united(fields, entry.get("fieldsV1") or {})
    return fields
