"""Addresses of objects and collections below an API server's root."""

from __future__ import annotations

from urllib.parse import quote

from reconciler.models.keys import GroupKind
from reconciler.models.observed import ServedKind


def collection(kind: GroupKind, served: ServedKind, *, version: str = "", namespace: str = "") -> str:
    """The path of all objects of a kind, in one namespace or (empty) everywhere."""
    version = version or served.version
    root = f"/apis/{kind.group}/{version}" if kind.group else f"/api/{version}"
    inner = f"/namespaces/{quote(namespace, safe='')}" if served.namespaced and namespace else ""
    return f"{root}{inner}/{served.plural}"


def item(collection_path: str, name: str) -> str:
    """The path of one object. Names come from manifests: quoting keeps `../` from leaving its collection (S01)."""
    return f"{collection_path}/{quote(name, safe=':')}"
