"""What a cluster serves: aggregated discovery, or group by group on servers that lack it.

A group that is stale or fails is named in `Surface.failed_groups`: nothing may be concluded about its kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import msgspec

from reconciler.clusters.transport import JSON, Transport
from reconciler.errors import ClusterUnavailable, ObjectGone, ObjectRejected
from reconciler.models.keys import GroupKind
from reconciler.models.observed import ServedKind, Surface

AGGREGATED = ",".join(
    [f"{JSON};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")] + [JSON]
)


class _Kind(msgspec.Struct, frozen=True):
    group: str = ""
    kind: str = ""


class _Resource(msgspec.Struct, frozen=True, rename="camel"):
    resource: str
    response_kind: _Kind = _Kind()
    scope: str = ""
    verbs: tuple[str, ...] = ()


class _Version(msgspec.Struct, frozen=True):
    version: str
    resources: tuple[_Resource, ...] = ()
    freshness: str = "Current"


class _Name(msgspec.Struct, frozen=True):
    name: str = ""


class _Group(msgspec.Struct, frozen=True):
    metadata: _Name = _Name()
    versions: tuple[_Version, ...] = ()


class _GroupList(msgspec.Struct, frozen=True):
    kind: str = ""
    items: tuple[_Group, ...] = ()


class _LegacyVersion(msgspec.Struct, frozen=True, rename="camel"):
    group_version: str = ""
    version: str = ""


class _LegacyGroup(msgspec.Struct, frozen=True):
    name: str = ""
    versions: tuple[_LegacyVersion, ...] = ()


class _LegacyGroupList(msgspec.Struct, frozen=True):
    groups: tuple[_LegacyGroup, ...] = ()


class _LegacyResource(msgspec.Struct, frozen=True):
    name: str
    kind: str
    namespaced: bool = False
    verbs: tuple[str, ...] = ()


class _LegacyResourceList(msgspec.Struct, frozen=True):
    resources: tuple[_LegacyResource, ...] = ()


class _ServerVersion(msgspec.Struct, frozen=True, rename="camel"):
    git_version: str = ""


class Page(NamedTuple):
    """One discovery document as the server gave it; `etag` lets the next look cost nothing."""

    etag: str | None
    body: bytes


Decoded = TypeVar("Decoded")


class Discovery:
    """Discovery of one cluster, remembered by ETag. Not thread-safe: `Cluster` calls it under its lock."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._pages: dict[str, Page] = {}
        self._surface: Surface | None = None

    def look(self) -> Surface:
        """What the cluster serves now; the same object as before when nothing changed. Raises as Transport does."""
        before = dict(self._pages)
        version = _decoded(self._page("/version"), _ServerVersion).git_version
        bodies = [self._page("/api"), self._page("/apis")]
        if self._surface is not None and self._pages == before and not self._surface.failed_groups:
            return self._surface
        lists = [_decoded(body, _GroupList) for body in bodies]
        if all(listed.kind == "APIGroupDiscoveryList" for listed in lists):
            self._surface = surface_of([group for listed in lists for group in listed.items], version)
        else:
            self._surface = surface_of(list(self._legacy(bodies[1])), version)
        return self._surface

    def _page(self, path: str) -> bytes:
        known = self._pages.get(path)
        headers = {"Accept": AGGREGATED} | ({"If-None-Match": known.etag} if known and known.etag else {})
        answer = self._transport.request("GET", path, headers=headers)
        if known and answer.status == 304:
            return known.body
        self._pages[path] = Page(answer.etag, answer.body)
        return answer.body

    def _legacy(self, groups: bytes) -> Iterator[_Group]:
        yield _Group(_Name(""), (self._legacy_version("/api/v1", "", "v1"),))
        for group in _decoded(groups, _LegacyGroupList).groups:
            versions = (
                self._legacy_version(f"/apis/{version.group_version}", group.name, version.version)
                for version in group.versions
            )
            yield _Group(_Name(group.name), tuple(versions))

    def _legacy_version(self, path: str, group: str, version: str) -> _Version:
        try:
            listed = _decoded(self._transport.get(path).body, _LegacyResourceList)
        except (ClusterUnavailable, ObjectRejected, ObjectGone):
            self._transport.breaker.check()
            return _Version(version, freshness="Stale")
        resources = (
            _Resource(
                entry.name, _Kind(group, entry.kind), "Namespaced" if entry.namespaced else "Cluster", entry.verbs
            )
            for entry in listed.resources
            if "/" not in entry.name
        )
        return _Version(version, tuple(resources))


def surface_of(groups: list[_Group], version: str) -> Surface:
    """Group lists → surface. The first version that serves a kind is the preferred one, as the server orders them."""
    served: dict[GroupKind, ServedKind] = {}
    failed: set[str] = set()
    for group in groups:
        name = group.metadata.name
        for served_version in group.versions:
            if served_version.freshness != "Current":
                failed.add(name)
            for resource in served_version.resources:
                _add(served, GroupKind(name, resource.response_kind.kind), served_version.version, resource)
    return Surface(version, served, frozenset(failed))


def _add(served: dict[GroupKind, ServedKind], kind: GroupKind, version: str, resource: _Resource) -> None:
    known = served.get(kind)
    if known is None:
        namespaced = resource.scope == "Namespaced"
        served[kind] = ServedKind((version,), resource.resource, namespaced, frozenset(resource.verbs))
    elif known.plural == resource.resource and version not in known.versions:
        versions = (*known.versions, version)
        served[kind] = ServedKind(versions, known.plural, known.namespaced, known.verbs)


def _decoded(body: bytes, shape: type[Decoded]) -> Decoded:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise ClusterUnavailable("discovery answered something else than JSON of its kind") from error
