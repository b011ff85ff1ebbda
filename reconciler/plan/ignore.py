"""Fields that users asked not to compare (Argo CD: ignoreDifferences, by JSON pointers)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.source import IgnoreDifference

Pointer = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One rule: which objects, and which of their fields. Empty `name` and `namespace` mean any."""

    group: str
    kind: str
    name: str
    namespace: str
    pointers: tuple[Pointer, ...]

    def covers(self, key: ObjectKey) -> bool:
        """Argo CD: group and kind are globs, name and namespace exact."""
        return (
            fnmatchcase(key.kind, self.kind)
            and fnmatchcase(key.group, self.group)
            and self.name in ("", key.name)
            and self.namespace in ("", key.namespace)
        )


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """All rules that hold for one application."""

    rules: tuple[IgnoreRule, ...] = ()

    @classmethod
    def of(cls, application: Iterable[IgnoreDifference], system: Iterable[IgnoreDifference] = ()) -> IgnoreRules:
        """Rules of the Application's spec and of the settings. A rule without JSON pointers has no effect here."""
        return cls(tuple(_rule(entry) for entry in (*system, *application) if entry.json_pointers))

    def without(self, body: JsonObject, key: ObjectKey) -> JsonObject:
        """The object without the ignored fields; the object itself where no rule covers it."""
        for rule in self.rules:
            if rule.covers(key):
                for pointer in rule.pointers:
                    body = removed(body, pointer)
        return body


def parse_pointer(text: str) -> Pointer:
    """Reads a JSON pointer (RFC 6901); a missing leading slash is forgiven, as Argo CD forgives it."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.removeprefix("/").split("/"))


def removed(node: Any, pointer: Sequence[str]) -> Any:
    """`node` without the field at `pointer`, sharing all else with it; `node` itself where there is no such field."""
    step, rest = pointer[0], pointer[1:]
    if isinstance(node, dict):
        return _removed_from_object(node, step, rest)
    if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
        index = int(step)
        kept = [removed(node[index], rest)] if rest else []
        return [*node[:index], *kept, *node[index + 1 :]]
    return node


def _removed_from_object(node: JsonObject, step: str, rest: Sequence[str]) -> JsonObject:
    if step not in node:
        return node
    if rest:
        return {**node, step: removed(node[step], rest)}
    return {name: value for name, value in node.items() if name != step}


def _rule(entry: IgnoreDifference) -> IgnoreRule:
    pointers = tuple(parse_pointer(text) for text in entry.json_pointers)
    return IgnoreRule(entry.group, entry.kind, entry.name, entry.namespace, pointers)
