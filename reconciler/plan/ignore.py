"""Fields that users asked not to compare (Argo CD: ignoreDifferences): by JSON pointer, by jq, by field manager."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from reconciler.errors import NotHonoured
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.source import IgnoreDifference
from reconciler.plan.fieldcut import without_fields_of

Pointer = tuple[str, ...]
Cut = Callable[[tuple[str, ...], JsonObject], JsonObject]
"""An object without what these jq path expressions name. One that fails on the object takes nothing away (Argo CD).

Raises SpecError for an expression that is none, or that does not end; Transient where nobody could try.
"""


def no_jq(programs: tuple[str, ...], _body: JsonObject) -> JsonObject:
    """Where there is nobody to run jq. Raises NotHonoured."""
    raise NotHonoured(f"jqPathExpressions ({programs[0]}) cannot be worked out here")


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One rule: which objects, and which of their fields. Empty `name` and `namespace` mean any."""

    group: str
    kind: str
    name: str
    namespace: str
    pointers: tuple[Pointer, ...]
    programs: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()

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
    cut: Cut = no_jq

    @classmethod
    def of(
        cls, application: Iterable[IgnoreDifference], system: Iterable[IgnoreDifference] = (), *, cut: Cut = no_jq
    ) -> IgnoreRules:
        """Rules of the Application's spec and of the settings."""
        return cls(tuple(_rule(entry) for entry in (*system, *application)), cut)

    def without(self, body: JsonObject, key: ObjectKey, owners: Sequence[JsonObject] = ()) -> JsonObject:
        """The object without the ignored fields; the object itself where no rule covers it.

        `owners` are the managedFields of the live object, also where `body` is what it would become. Raises what
        `cut` raises.
        """
        programs = self.programs_for(key)
        if programs:
            # First and all at once: pointers into lists would move what an expression finds by its place.
            body = self.cut(programs, body)
        for rule in self.rules:
            if rule.covers(key):
                for pointer in rule.pointers:
                    body = removed(body, pointer)
                if rule.managers:
                    body = without_fields_of(body, owners, rule.managers)
        return body

    def programs_for(self, key: ObjectKey) -> tuple[str, ...]:
        """The jq expressions of all rules that cover an object, in order."""
        return tuple(text for rule in self.rules if rule.programs and rule.covers(key) for text in rule.programs)


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
    return IgnoreRule(
        group=entry.group,
        kind=entry.kind,
        name=entry.name,
        namespace=entry.namespace,
        pointers=tuple(parse_pointer(text) for text in entry.json_pointers),
        programs=entry.jq_path_expressions,
        managers=entry.managed_fields_managers,
    )
