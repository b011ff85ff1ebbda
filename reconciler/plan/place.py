"""One point inside an object while desired and live are merged: where it is, and who owns what there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from reconciler.models.manifest import LiveObject
from reconciler.plan.managed import Fields, Step, child, item_keys
from reconciler.plan.migration import is_migratable, last_applied
from reconciler.plan.schema.groups import BUILT_IN_GROUPS
from reconciler.plan.schema.lists import KEY_DEFAULTS, SET, Keys, built_in_list

ABSENT: Final[Any] = object()


@dataclass(frozen=True, slots=True)
class Place:
    """`path` holds field names only. Ownership nodes are those of managedFields at this point.

    `last` is what kubectl's or Argo CD's last client-side apply wrote here. `applied`: we own it by server-side apply.
    `taken`: client-side apply owns it, so we would take it over. `others`: somebody else owns it; `editors`
    are those of the others who wrote it by an update, not by an apply.
    """

    kind: str
    built_in: bool
    path: tuple[str, ...]
    last: Any
    applied: tuple[Fields, ...]
    taken: tuple[Fields, ...]
    others: tuple[Fields, ...]
    editors: tuple[Fields, ...]

    def at(self, name: str) -> Self:
        """The field `name` below."""
        last = self.last.get(name, ABSENT) if isinstance(self.last, dict) else ABSENT
        return self._down(Step(name), (*self.path, name), last)

    def item(self, item: Any, keys: Keys) -> Self:
        """The element of this list that `item` is, by its keys."""
        filled = {**{key: KEY_DEFAULTS[key] for key in keys if key in KEY_DEFAULTS}, **item} if keys else item
        last = by_identity(self.last, keys) if isinstance(self.last, list) else None
        there = last.get(identity(item, keys), ABSENT) if last else ABSENT
        return self._down(Step("", filled), self.path, there)

    def _down(self, step: Step, path: tuple[str, ...], last: Any) -> Self:
        return replace(
            self,
            path=path,
            last=last,
            applied=tuple(node for above in self.applied if (node := child(above, step)) is not None),
            taken=_below(self.taken, step),
            others=_below(self.others, step),
            editors=_below(self.editors, step),
        )

    @property
    def was_applied(self) -> bool:
        """Whether the last apply, ours or one that we take over, set this."""
        return bool(self.applied) or self.last is not ABSENT

    @property
    def is_as_applied(self) -> bool:
        """Whether only appliers have ever written here."""
        return bool(self.applied or self.taken or self.others) and not self.editors

    @property
    def is_taken_alone(self) -> bool:
        """Whether nobody has written here since the client-side apply that we would take over."""
        return bool(self.taken) and not self.applied and not self.others

    def list_keys(self) -> Keys | None:
        """Keys of the list here, SET, or None where it is written as a whole; ownership tells for custom resources."""
        if self.built_in or self.path[0] == "metadata":
            return built_in_list(self.kind, self.path)
        for node in (*self.applied, *self.taken, *self.others):
            for name in node:
                if name.startswith("k:"):
                    return item_keys(name)[0]
                if name.startswith("v:"):
                    return SET
        return None


def root(live: LiveObject, manager: str, extra_managers: Collection[str]) -> Place:
    """The whole object."""
    applied, taken, others, editors = [], [], [], []
    for entry in live.metadata.get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        if is_migratable(entry, extra_managers):
            taken.append(fields)
        elif entry.get("manager") == manager and entry.get("operation") == "Apply":
            applied.append(fields)
        else:
            others.append(fields)
            if entry.get("operation") != "Apply":
                editors.append(fields)
    # The annotation of a client-side apply that no longer owns anything is stale: server-side apply leaves it behind.
    last = last_applied(live) if taken or not (applied or others) else None
    return Place(
        kind=live.key.kind,
        built_in=live.key.group in BUILT_IN_GROUPS,
        path=(),
        last=ABSENT if last is None else last,
        applied=tuple(applied),
        taken=tuple(taken),
        others=tuple(others),
        editors=tuple(editors),
    )


def identity(item: Any, keys: Keys) -> Any:
    """What tells one list item from another: its key fields, or for a set the value itself."""
    if not keys:
        return item
    return tuple(item.get(key, KEY_DEFAULTS.get(key)) for key in keys) if isinstance(item, dict) else ABSENT


def by_identity(items: Sequence[Any], keys: Keys) -> Mapping[Any, Any] | None:
    """Items by identity; None if two share one or an item cannot have one."""
    try:
        found = {identity(item, keys): item for item in items}
    except TypeError:
        return None
    return found if len(found) == len(items) and ABSENT not in found else None


def _below(nodes: tuple[Fields, ...], step: Step) -> tuple[Fields, ...]:
    # An empty node owns everything below it.
    found = (node if not node else child(node, step) for node in nodes)
    return tuple(node for node in found if node is not None)
