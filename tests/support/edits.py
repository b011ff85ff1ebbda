"""Random small edits of an object, such as people make by hand or in Git."""

from collections.abc import Iterator
from random import Random
from typing import Any

from reconciler.sandbox.api import Json

UNTOUCHED = frozenset({
    "apiVersion",
    "kind",
    "status",
    "name",
    "namespace",
    "managedFields",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "kubectl.kubernetes.io/last-applied-configuration",
})  # fmt: skip
"""Identity, and what servers and tools write for themselves."""

TOP = frozenset({"metadata", "spec"})

Spot = tuple[Any, Any]
"""A container and the key or index of one value in it."""


def edited(body: Json, random: Random) -> Json:
    """A copy with one field changed, removed or added. It may be one that the API server refuses."""
    copy: Json = _copied(body)
    places = list(spots(copy))
    if not places:
        return _labelled(copy, random)
    container, key = random.choice(places)
    match random.choice(("change", "change", "remove", "label")):
        case "remove":
            del container[key]
        case "label":
            return _labelled(copy, random)
        case _:
            container[key] = _changed(container[key], random)
    return copy


def spots(node: Any) -> Iterator[Spot]:
    """Every value below `node` that people edit."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        if key in UNTOUCHED:
            continue
        if isinstance(value, dict | list):
            yield from spots(value)
        if key not in TOP:
            yield node, key


def _copied(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _copied(value) for key, value in node.items()}
    return [_copied(value) for value in node] if isinstance(node, list) else node


def _labelled(body: Json, random: Random) -> Json:
    labels = dict(body["metadata"].get("labels") or {})
    labels[random.choice([*labels, "added"])] = f"edit-{random.randrange(1000)}"
    body["metadata"]["labels"] = labels
    return body


def _changed(value: Any, random: Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + random.choice((1, 2, 7))
    if isinstance(value, list):
        return [*value, _copied(random.choice(value))] if value and random.random() < 0.5 else value[1:]
    if isinstance(value, dict):
        return dict(list(value.items())[1:])
    return f"{value or ''}{random.choice(('x', '1', '-b'))}"
