"""Text forms of identities inside values in Redis."""

from __future__ import annotations

from reconciler.models.keys import GroupKind, ObjectKey

SEPARATOR = "|"
"""Stands in no Kubernetes name."""


def object_text(key: ObjectKey) -> str:
    """`group|kind|namespace|name`."""
    return SEPARATOR.join((key.group, key.kind, key.namespace, key.name))


def object_key(text: str) -> ObjectKey:
    """Reads what `object_text` wrote. Raises ValueError."""
    group, kind, namespace, name = text.split(SEPARATOR)
    return ObjectKey(group, kind, namespace, name)


def kind_text(kind: GroupKind) -> str:
    """`group/kind`, also for the core group: `/Pod`."""
    return f"{kind.group}/{kind.kind}"


def group_kind(text: str) -> GroupKind:
    """Reads what `kind_text` wrote."""
    group, _, kind = text.rpartition("/")
    return GroupKind(group, kind)
