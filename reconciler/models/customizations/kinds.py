"""The parsed customizations, and how a kind finds its own (Argo CD: resource overrides)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple, TypeVar

from reconciler.models.keys import GroupKind
from reconciler.models.source import IgnoreDifference

Statuses = Literal["all", "crd", "none"]
Value = TypeVar("Value")

ANY_KIND = "*/*"
"""Key of what is said of `all` kinds."""


class Script(NamedTuple):
    """A Lua program, and whether it may use all of Lua's libraries (Argo CD: `useOpenLibs`)."""

    text: str
    open_libs: bool = False


class KnownField(NamedTuple):
    """A field of a custom resource that holds a type of Kubernetes' own, such as `core/v1/PodSpec`."""

    path: tuple[str, ...]
    type: str


@dataclass(frozen=True, slots=True)
class ActionScripts:
    """Actions of one kind: a program that lists them, and one for each."""

    discovery: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)
    merges_built_in: bool = False
    """Whether they stand beside the built-in ones instead of replacing them."""


@dataclass(frozen=True, slots=True)
class Customizations:
    """Everything by kind, under `group/Kind`, or `Kind` in the core group; either part may be a glob."""

    health: Mapping[str, Script] = field(default_factory=dict)
    actions: Mapping[str, ActionScripts] = field(default_factory=dict)
    known_fields: Mapping[str, tuple[KnownField, ...]] = field(default_factory=dict)
    ignore_differences: tuple[IgnoreDifference, ...] = ()
    """Rules as an Application has them, without names; the settings of every kind, globs included."""

    ignore_updates: tuple[IgnoreDifference, ...] = ()
    """The same for changes that are no reason to look."""

    ignores_updates: bool = True
    shares_ignores: bool = True
    """Whether fields that are not compared are no reason to look either."""

    ignores_aggregated_roles: bool = False
    ignored_status: Statuses = "all"
    hidden_annotations: frozenset[str] = frozenset()

    def health_of(self, kind: GroupKind) -> Script | None:
        """The script of this very kind, else that of the glob which says most about it."""
        return _find(self.health, kind)

    def actions_of(self, kind: GroupKind) -> ActionScripts | None:
        return _find(self.actions, kind)

    def known_fields_of(self, kind: GroupKind) -> tuple[KnownField, ...]:
        return _find(self.known_fields, kind) or ()


NO_CUSTOMIZATIONS = Customizations()


def key_of(kind: GroupKind) -> str:
    """How the settings name a kind."""
    return f"{kind.group}/{kind.kind}" if kind.group else kind.kind


def _find(table: Mapping[str, Value], kind: GroupKind) -> Value | None:
    name = key_of(kind)
    if name in table or not table:
        return table.get(name)
    # Argo CD takes any glob that matches, in no order; the longest says most, and the same one always.
    globs = sorted((key for key in table if fnmatchcase(name, key)), key=lambda key: (-len(key), key))
    return table[globs[0]] if globs else None
