"""What a live object would become by our apply, worked out here because in shadow no server may be asked.

Three sides: the desired object, the live one, and what the last apply set (kubectl's or Argo CD's annotation, or our
own Apply entry). A field that is in none of desired and last apply is a default or somebody else's: it never counts.
Where nothing changes the result shares the live object's own values, so equality costs nothing to see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from reconciler.models.keys import GroupKind
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.plan.atoms import covers
from reconciler.plan.diff import same_json
from reconciler.plan.migration import ARGOCD_MANAGER
from reconciler.plan.normalize import normalized
from reconciler.plan.place import ABSENT, Place, by_identity, identity, root
from reconciler.plan.schema.defaults import NO_DEFAULT, Siblings, default, is_server_chosen
from reconciler.plan.schema.lists import ATOMIC_MAPS, Keys
from reconciler.plan.schema.zeroes import vanishes

STORED_AS_WRITTEN: Final = frozenset({GroupKind("", "ConfigMap")})
"""Kinds without defaults or computed fields: what is estimated of them is what the server would answer."""

IDENTITY: Final = frozenset({"apiVersion", "kind", "status"})


def estimated(
    desired: Manifest, live: LiveObject, *, manager: str = ARGOCD_MANAGER, extra_managers: Collection[str] = ()
) -> JsonObject:
    """The live object after `desired` were applied as `manager`, client-side ownership taken over first.

    The live body itself where nothing would change. Both must have the same apiVersion. `extra_managers` are further
    client-side owners to take over, as an annotation of the Application names them.
    """
    body = normalized(desired.body)
    wanted = {name: value for name, value in body.items() if name not in IDENTITY}
    return _object(root(live, manager, extra_managers), wanted, live.body)


def _merged(place: Place, desired: Any, live: Any, siblings: Siblings) -> Any:
    """`live` itself where it stays, ABSENT where nothing would be stored, else the new value."""
    if desired is None or (place.built_in and vanishes(place.kind, place.path, desired)):
        return _emptied(place, desired, live, siblings)
    if live is ABSENT:
        return ABSENT if same_json(default(place.kind, place.path, siblings), desired) else desired
    if isinstance(desired, dict) and isinstance(live, dict) and not _is_atomic_map(place, desired):
        return _object(place, desired, live)
    if isinstance(desired, list) and isinstance(live, list):
        return _list(place, desired, live)
    return live if _equals(place, desired, live) else desired


def _emptied(place: Place, desired: Any, live: Any, siblings: Siblings) -> Any:
    """An empty value was asked for: as good as none, but said aloud, so others' values go too."""
    if live is ABSENT:
        return ABSENT
    if isinstance(desired, dict) and isinstance(live, dict) and not _is_atomic_map(place, desired):
        return _object(place, desired, live)
    if isinstance(desired, list) and isinstance(live, list) and place.list_keys() is not None:
        return _list(place, desired, live)
    return _defaulted(place, live, siblings)


def _object(place: Place, desired: JsonObject, live: JsonObject) -> JsonObject:
    changes: dict[str, Any] = {}
    for name, value in desired.items():
        there = live.get(name, ABSENT)
        merged = _merged(place.at(name), value, there, desired)
        if merged is not there:
            changes[name] = merged
    for name, there in live.items():
        if name not in desired and name not in IDENTITY:
            kept = _let_go(place.at(name), there, desired)
            if kept is not there:
                changes[name] = kept
    if not changes:
        return live
    return {name: value for name, value in {**live, **changes}.items() if value is not ABSENT}


def _let_go(place: Place, live: Any, siblings: Siblings) -> Any:
    """What stays of a value that is not desired: all of it unless we had set it, else others' parts or the default."""
    if not place.was_applied or is_server_chosen(place.kind, place.path):
        return live
    if not place.others:
        return _defaulted(place, live, siblings)
    if isinstance(live, dict) and all(place.others):
        return _object(place, {}, live)
    if isinstance(live, list) and all(place.others) and place.list_keys() is not None:
        return _list(place, [], live)
    return live


def _defaulted(place: Place, live: Any, siblings: Siblings) -> Any:
    value = default(place.kind, place.path, siblings) if place.built_in else NO_DEFAULT
    if value is NO_DEFAULT:
        return live if place.built_in and vanishes(place.kind, place.path, live) else ABSENT
    return live if covers(place.kind, place.path, value, live) else value


def _list(place: Place, desired: list[Any], live: list[Any]) -> list[Any]:
    keys = place.list_keys()
    wanted = by_identity(desired, keys) if keys is not None else None
    there = by_identity(live, keys) if keys is not None else None
    if keys is None or wanted is None or there is None:
        return live if _equals(place, desired, live) else desired
    kept = _kept_items(place, live, [identity(item, keys) for item in desired if identity(item, keys) in there], keys)
    merged = [
        _merged_item(place.item(wanted[name], keys), wanted[name], there[name]) if name in wanted else value
        for name, value in ((identity(item, keys), item) for item in kept)
    ]
    merged += [item for name, item in wanted.items() if name not in there]
    unchanged = len(merged) == len(live) and all(new is old for new, old in zip(merged, live, strict=True))
    return live if unchanged else merged


def _merged_item(place: Place, desired: Any, live: Any) -> Any:
    return _object(place, desired, live) if isinstance(desired, dict) and isinstance(live, dict) else live


def _kept_items(place: Place, live: list[Any], order: list[Any], keys: Keys) -> Iterable[Any]:
    """Live items that stay, those that are desired in the desired order."""
    items = {identity(item, keys): item for item in live}
    following = iter(order)
    for name, item in items.items():
        if name in order:
            yield items[next(following)]
        elif (below := place.item(item, keys)).others or not below.was_applied:
            yield item


def _is_atomic_map(place: Place, desired: JsonObject) -> bool:
    if place.built_in:
        return place.path[-1] in ATOMIC_MAPS
    nodes = (*place.applied, *place.taken, *place.others)
    return bool(nodes) and not any(nodes) and bool(desired)


def _equals(place: Place, desired: Any, live: Any) -> bool:
    """Whether applying `desired` would leave `live` as it is, for values that are written as a whole."""
    # What we wrote is what is there now, in the server's words, as long as nobody wrote there since.
    if place.is_taken_alone and place.last is not ABSENT and same_json(place.last, desired):
        return True
    if place.built_in:
        return covers(place.kind, place.path, desired, live)
    if place.is_as_applied and place.last is ABSENT:
        return covers(None, place.path, desired, live)
    return same_json(desired, live)
