"""Fields of custom resources that hold types of Kubernetes' own (Argo CD: knownTypeFields): written in one way only.

An API server stores what a custom resource says as it was written, so `1000m` stays, until a controller reads it into
such a type and writes it back as `1`. Both are brought to one form before they are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from reconciler.models.customizations import KnownField
from reconciler.models.keys import GroupKind
from reconciler.models.manifest import JsonObject
from reconciler.models.words import GROUP
from reconciler.plan.scalars import is_quantity, parse_quantity
from reconciler.plan.times import duration_s

BUILT_IN: Final[Mapping[GroupKind, tuple[KnownField, ...]]] = {
    GroupKind(GROUP, "Rollout"): (KnownField(("spec", "template", "spec"), "core/v1/PodSpec"),),
}
"""Argo CD: what it knows without being told."""

Spell = Callable[[tuple[str, ...], Any], Any]


def spelled_alike(body: JsonObject, fields: Iterable[KnownField]) -> JsonObject:
    """The object with its known fields in their canonical form; the object itself where there are none."""
    for field in fields:
        spell = SPELLINGS.get(field.type, _structure)
        body = _at(body, field.path, spell, ())
    return body


def _at(node: Any, path: tuple[str, ...], spell: Spell, above: tuple[str, ...]) -> Any:
    """Lists on the way are entered, as Argo CD enters them."""
    if isinstance(node, list):
        return [_at(item, path, spell, above) for item in node]
    if not path:
        return spell(above, node)
    if not isinstance(node, dict) or path[0] not in node:
        return node
    return {**node, path[0]: _at(node[path[0]], path[1:], spell, (*above, path[0]))}


def _quantity(_path: tuple[str, ...], value: Any) -> Any:
    parsed = parse_quantity(value)
    return value if parsed is None else f"{parsed.normalize():f}"


def _duration(_path: tuple[str, ...], value: Any) -> Any:
    try:
        return f"{duration_s(value):g}s" if isinstance(value, str) else value
    except ValueError:
        return value


def _structure(path: tuple[str, ...], value: Any) -> Any:
    """Any part of a pod's specification: its quantities by their places, and nothing where there is nothing."""
    if isinstance(value, dict):
        told = {name: _structure((*path, name), item) for name, item in value.items()}
        return {name: item for name, item in told.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [_structure(path, item) for item in value]
    return _quantity(path, value) if len(path) > 1 and is_quantity(path) else value


SPELLINGS: Final[Mapping[str, Spell]] = {"core/Quantity": _quantity, "meta/v1/duration": _duration}
"""Types that are single values; every other one is a structure of core/v1."""
