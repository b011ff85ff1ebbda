"""What an observer remembers of one Application: enough to see that it needs a pass and where its objects are. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from sys import intern
from typing import TypeVar

import msgspec

from reconciler.clusters.envelopes import NOTHING, Metadata, Raw
from reconciler.errors import SpecError
from reconciler.models import words
from reconciler.models.keys import AppKey, Digest, GroupKind, Lane
from reconciler.plan.tracking import CRD
from reconciler.sources.urls import chart_url

Digester = Callable[[bytes], Digest]
"""Keyed digest of content, as `Keyring.digest`."""

OWN_PREFIXES = ("argocd.argoproj.io/", "reconciler.dev/")
REQUESTS = frozenset({words.REFRESH, words.REFRESH_TIMESTAMP, words.HYDRATE, words.HYDRATE_TIMESTAMP})
"""Annotations that ask for something once; their removal, by us, is no change."""

Part = TypeVar("Part")
Shared = TypeVar("Shared", tuple[str, ...], frozenset[GroupKind])

_known: dict[object, object] = {}
"""Values that many applications share; as few as there are different ones."""


class _Destination(msgspec.Struct, frozen=True, gc=False):
    server: str | None = None
    name: str | None = None


class _Source(msgspec.Struct, frozen=True, gc=False):
    repo: str | None = msgspec.field(default=None, name="repoURL")
    chart: str | None = None


class _Spec(msgspec.Struct, frozen=True, gc=False):
    project: str | None = None
    destination: _Destination | None = None
    source: _Source | None = None
    sources: list[_Source] | None = None


class _Initiator(msgspec.Struct, frozen=True, gc=False):
    automated: bool | None = None


class _Operation(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    initiated_by: _Initiator | None = None


class _Kind(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    group: str | None = None
    name: str | None = None


class _Owner(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    name: str | None = None
    controller: bool | None = None


class _SyncResult(msgspec.Struct, frozen=True, gc=False):
    resources: list[_Kind] | None = None


class _OperationState(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    phase: str | None = None
    sync_result: _SyncResult | None = None


class _Sync(msgspec.Struct, frozen=True, gc=False):
    status: str | None = None


class _Status(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    sync: _Sync | None = None
    health: _Sync | None = None
    resources: list[_Kind] | None = None
    operation_state: _OperationState | None = None


class _Application(msgspec.Struct, frozen=True, gc=False):
    metadata: Metadata
    spec: Raw = NOTHING
    operation: Raw = NOTHING
    status: Raw = NOTHING


_decode = msgspec.json.Decoder(_Application).decode
_spec = msgspec.json.Decoder(_Spec)
_operation = msgspec.json.Decoder(_Operation)
_status = msgspec.json.Decoder(_Status)
_owners = msgspec.json.Decoder(list[_Owner])

SET_KIND = "ApplicationSet"


class AppFacts(msgspec.Struct, frozen=True, gc=False):
    """One Application as it was last seen. `content` covers all that decides what a pass does, and nothing we write."""

    key: AppKey
    uid: str
    version: str
    content: Digest
    operation: Digest
    """Of an operation that somebody asked for; empty for none and for those that a pass has started itself."""

    refresh: str
    deleting: bool
    terminating: bool
    """Somebody asks to end the running operation."""

    project: str
    server: str
    cluster_name: str
    repos: tuple[str, ...]
    kinds: frozenset[GroupKind]
    """Kinds of its inventory and of its last operation's results."""

    synced: bool = False
    """Its last verdict. Where it differs from Git, any edit may be the one that mends it."""

    verdict: str = ""
    """Sync and health together, as its set shows them."""

    owner_set: str = ""
    """Name of the ApplicationSet that it belongs to."""

    definitions: tuple[str, ...] = ()
    """Names of the CustomResourceDefinitions in its inventory: those never carry a mark."""

    @property
    def asks(self) -> bool:
        """Whether somebody waits for something: never missed, not even when an observer starts."""
        return bool(self.operation or self.refresh or self.terminating)


def facts_of(raw: Raw, digest: Digester) -> AppFacts:
    """Reads an Application; a part of a wrong type reads as absent (its pass will say what is wrong with it)."""
    app = _decode(raw)
    spec, status = _part(_spec, app.spec, _Spec()), _part(_status, app.status, _Status())
    state = status.operation_state or _OperationState()
    destination = spec.destination or _Destination()
    annotations = app.metadata.annotations or {}
    return AppFacts(
        key=AppKey(app.metadata.namespace, app.metadata.name),
        uid=app.metadata.uid,
        version=app.metadata.resource_version,
        content=digest(_content(app, annotations)),
        operation=_asked(app.operation, digest),
        refresh=annotations.get(words.REFRESH, ""),
        deleting=app.metadata.deletion_timestamp is not None,
        terminating=state.phase == words.TERMINATING,
        project=intern(spec.project or words.DEFAULT_PROJECT),
        server=intern((destination.server or "").rstrip("/")),
        cluster_name=intern(destination.name or ""),
        repos=_shared(tuple(dict.fromkeys(_repos(spec)))),
        kinds=_shared(frozenset(_kinds(status))),
        synced=status.sync is not None and status.sync.status == "Synced",
        verdict=intern("/".join(one.status or "" for one in (status.sync, status.health) if one is not None)),
        owner_set=intern(_owner_set(app.metadata.owner_references)),
        definitions=_shared(tuple(_definitions(status))),
    )


def asked(before: AppFacts | None, after: AppFacts) -> Lane | None:
    """In which lane an Application needs a pass, if what is seen now differs from what was seen before."""
    if before is None or before.uid != after.uid:
        return "person" if after.asks else "push"
    new_operation = after.operation and after.operation != before.operation
    new_refresh = after.refresh and after.refresh != before.refresh
    ends = (after.terminating and not before.terminating) or (after.deleting and not before.deleting)
    if new_operation or new_refresh or ends:
        return "person"
    return "push" if after.content != before.content else None


def _shared(value: Shared) -> Shared:
    """The same object for equal values: thousands of applications name the same repositories and kinds."""
    return _known.setdefault(value, value)  # type: ignore[return-value]  # equal values have one type here


def _content(app: _Application, annotations: dict[str, str]) -> bytes:
    own = sorted(pair for pair in annotations.items() if pair[0].startswith(OWN_PREFIXES) and pair[0] not in REQUESTS)
    metadata = app.metadata
    deletion = (metadata.deletion_timestamp or "").encode()
    return b"\0".join((bytes(app.spec), bytes(metadata.finalizers), deletion, msgspec.json.encode(own)))


def _asked(operation: Raw, digest: Digester) -> Digest:
    text = bytes(operation)
    if text in (b"", b"null"):
        return Digest("")
    by = _part(_operation, operation, _Operation()).initiated_by
    # A pass writes the operation that it starts by itself; that is no news to anybody.
    return Digest("") if by is not None and by.automated else digest(text)


def _part(decoder: msgspec.json.Decoder[Part], raw: Raw, otherwise: Part) -> Part:
    try:
        return decoder.decode(raw) if bytes(raw) else otherwise
    except msgspec.DecodeError:
        return otherwise


def _repos(spec: _Spec) -> Iterator[str]:
    for source in spec.sources or ([spec.source] if spec.source else []):
        if source.repo:
            yield _charts(source.repo) if source.chart else intern(source.repo)


@lru_cache(maxsize=8192)
def _charts(url: str) -> str:
    """What a repository of charts is known by; an address that may not be used stays as it is written."""
    try:
        return chart_url(url)
    except SpecError:
        return url


def _kinds(status: _Status) -> Iterator[GroupKind]:
    state = status.operation_state
    results = state.sync_result.resources if state and state.sync_result else None
    for entry in [*(status.resources or ()), *(results or ())]:
        if entry.kind:
            yield GroupKind(intern(entry.group or ""), intern(entry.kind))


def _owner_set(owners: Raw) -> str:
    if not bytes(owners):
        return ""
    found = _part(_owners, owners, [])
    return next((one.name or "" for one in found if one.controller and one.kind == SET_KIND), "")


def _definitions(status: _Status) -> Iterator[str]:
    for entry in status.resources or ():
        if entry.name and entry.kind == CRD.kind and entry.group == CRD.group:
            yield intern(entry.name)
