"""What applications depend on beside themselves: projects, cluster and repository Secrets, settings."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from reconciler.clusters.envelopes import NOTHING, Metadata, Raw
from reconciler.errors import SpecError
from reconciler.models.keys import ClusterUrl
from reconciler.models.words import SECRET_TYPE
from reconciler.observe.facts import AppFacts, Digester
from reconciler.observe.fleet import Fleet
from reconciler.observe.seen import Seen
from reconciler.sources.urls import parse_url
from reconciler.store.due import Request

CLUSTER, TEMPLATES = "cluster", frozenset({"repo-creds", "repo-write-creds"})
Depends = Callable[[AppFacts], bool]


class _Object(msgspec.Struct, frozen=True, gc=False):
    metadata: Metadata
    spec: Raw = NOTHING
    data: Raw = NOTHING


class _SecretData(msgspec.Struct, frozen=True, gc=False):
    server: str = ""
    name: str = ""
    url: str = ""


class Thing(msgspec.Struct, frozen=True, gc=False):
    """One such object: its content's digest, and by what applications refer to it."""

    name: str
    seen: Seen
    type: str = ""
    server: str = ""
    cluster_name: str = ""
    url: str = ""


_object = msgspec.json.Decoder(_Object)
_data = msgspec.json.Decoder(_SecretData)
_labels = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class Surrounding:
    """Reads one of these kinds. `depends` says which applications a thing of it concerns."""

    digest: Digester
    fleet: Fleet
    depends: Callable[[Thing], Depends]
    changed_hook: Callable[[], None] = lambda: None

    def read(self, raw: Raw, before: Thing | None) -> Thing:
        del before
        found = _object.decode(raw)
        metadata = found.metadata
        labels = bytes(metadata.labels)
        kind = _labels.decode(labels).get(SECRET_TYPE, "") if labels else ""
        content = self.digest(b"\0".join((bytes(found.spec), bytes(found.data), labels)))
        data = _data.decode(found.data) if kind and bytes(found.data) else _SecretData()
        seen = Seen(metadata.uid, metadata.resource_version, digest=content)
        return Thing(metadata.name, seen, kind, _text(data.server).rstrip("/"), _text(data.name), _text(data.url))

    def row(self, thing: Thing) -> Seen:
        return thing.seen

    def keeps(self, thing: Thing) -> bool:
        del thing
        return True

    def demands(self, before: Thing | None, after: Thing | None, raw: Raw | None) -> Iterator[Request]:
        del raw
        if before and after and before.seen.digest == after.seen.digest:
            return
        concerned = [self.depends(thing) for thing in (before, after) if thing is not None]
        yield from self.fleet.many(lambda app: any(depends(app) for depends in concerned))
        yield from self.fleet.all_sets()

    def late(self, name: str, stored: Seen | None, after: Thing | None) -> Iterator[Request]:
        """Of what went while nobody watched, nothing but its name is known: everybody looks."""
        del name
        if after is None:
            yield from self.fleet.many(lambda _app: True)
            yield from self.fleet.all_sets()
        elif stored is None or stored.digest != after.seen.digest:
            yield from self.demands(None, after, None)

    def changed(self) -> None:
        self.changed_hook()


def of_project(thing: Thing) -> Depends:
    """Applications of a project."""
    return lambda app: app.project == thing.name


def of_settings(thing: Thing) -> Depends:
    """Settings concern everybody."""
    del thing
    return lambda _app: True


def of_secret(thing: Thing) -> Depends:
    """Applications on a cluster, or with a source that the credentials may be for."""
    if thing.type == CLUSTER:
        return lambda app: (
            thing.server == app.server or (bool(app.cluster_name) and app.cluster_name == thing.cluster_name)
        )
    place = _place(thing.url)
    if thing.type in TEMPLATES:
        return lambda app: any(_place(repo).startswith(place) for repo in app.repos)
    return lambda app: any(_place(repo) == place for repo in app.repos)


def cluster_names(things: Iterator[Thing]) -> dict[str, ClusterUrl]:
    """Names of registered clusters → their addresses; a name that two bear means neither."""
    names: dict[str, set[str]] = {}
    for thing in things:
        if thing.type == CLUSTER and thing.cluster_name:
            names.setdefault(thing.cluster_name, set()).add(thing.server)
    return {name: ClusterUrl(servers.pop()) for name, servers in names.items() if len(servers) == 1}


@lru_cache(maxsize=8192)
def _place(url: str) -> str:
    """Host and path, whatever the scheme and the user: somebody too many looks, but nobody too few."""
    try:
        address = parse_url(url)
    except SpecError:
        return url
    return f"{address.authority}/{address.bare_path}".lower()


def _text(encoded: str) -> str:
    """A value of a Secret's data. Raises ValueError."""
    return base64.b64decode(encoded).decode()
