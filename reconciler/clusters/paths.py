"""Addresses of objects and collections below an API server's root."""

from __future__ import annotations

from urllib.parse import quote

from reconciler.errors import ObjectRejected
from reconciler.models.keys import GroupKind
from reconciler.models.observed import ServedKind


def collection(kind: GroupKind, served: ServedKind, *, version: str = "", namespace: str = "") -> str:
    """The path of all objects of a kind, in one namespace or (empty) everywhere."""
    version = version or served.version
    root = f"/apis/{kind.group}/{version}" if kind.group else f"/api/{version}"
    inner = f"/namespaces/{quote(namespace, safe='')}" if served.namespaced and namespace else ""
    return f"{root}{inner}/{served.plural}"


def item(collection_path: str, name: str) -> str:
    """The path of one object. Raises ObjectRejected for a name that no object can have.

    Names come from manifests: with quoting, none leads out of its collection.
    """
    if name in ("", ".", ".."):
        raise ObjectRejected(f"{collection_path}: {name!r} is no name of an object", status=422)
    return f"{collection_path}/{quote(name, safe=':')}"
