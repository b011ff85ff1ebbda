"""Finds in an object what the table does not honour. What the table does not know counts as not honoured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.models.honoured.row import Row


@dataclass(slots=True)
class Node:
    """One step of the paths in the table. A node with a row speaks for all that lies below it."""

    row: Row | None = None
    children: dict[str, Node] = field(default_factory=dict)


def tree_of(rows: Iterable[Row]) -> Node:
    """The rows by the steps of their dotted names."""
    root = Node()
    for row in rows:
        node = root
        for step in row.name.split("."):
            node = node.children.setdefault(step, Node())
        node.row = row
    return root


def used(value: object, node: Node, path: str) -> Iterator[str]:
    """Names of fields below `path` that are set and not honoured; list items are looked at one by one."""
    if node.row is not None:
        if node.row.blocks and not is_empty(value):
            yield node.row.name
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            child = node.children.get(name)
            if child is not None:
                yield from used(inner, child, f"{path}.{name}")
            elif not is_empty(inner):
                yield f"{path}.{name}"
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from used(item, node, path)


def is_empty(value: object) -> bool:
    """Whether a field says nothing: null, false, zero, or made of such (Argo CD: zero-valued blocks become null)."""
    if isinstance(value, Mapping):
        return all(is_empty(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return all(is_empty(inner) for inner in value)
    return not value


@dataclass(frozen=True, slots=True)
class Keys:
    """Rows by exact key or by prefix, for annotations and settings."""

    exact: Mapping[str, Row]
    prefixes: tuple[tuple[str, Row], ...]

    @classmethod
    def of(cls, *rows: Row) -> Keys:
        exact = {row.name: row for row in rows if not row.name.endswith("*")}
        return cls(exact, tuple((row.name[:-1], row) for row in rows if row.name.endswith("*")))

    def find(self, key: str) -> Row | None:
        """The row that speaks for `key`, if any."""
        return self.exact.get(key) or next((row for prefix, row in self.prefixes if key.startswith(prefix)), None)
