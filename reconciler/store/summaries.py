"""Live summaries: what observers know of the managed objects of each cluster, in some 150 bytes an object."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from reconciler.models import words
from reconciler.models.keys import CONTROL, ClusterUrl, GroupKind, ObjectKey
from reconciler.store.client import Argument, Client, Script, store_errors
from reconciler.store.keys import Keys
from reconciler.store.names import group_kind, kind_text, object_key, object_text
from reconciler.store.sealing import Keyring

FRESH_S = 90.0
"""A kind without an event or bookmark for this long is read live: its watch may be dead."""

CHUNK = 200


class Summary(msgspec.Struct, frozen=True, array_like=True):
    """One live object. `digest` is keyed and covers the fields that we own; `owner` is the instance in its mark."""

    uid: str
    resource_version: str
    generation: int = 0
    digest: str = ""
    health: str = ""
    """HealthCode, or empty where the kind has none."""

    health_message: str = ""
    terminating: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Summaries of some objects. Nothing is known of a kind that is not `fresh`; in a fresh one, what is not found
    was absent when its observer last heard of the kind, which is a reason to look and never a proof.
    """

    found: Mapping[ObjectKey, Summary]
    fresh: frozenset[GroupKind]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`word` is another one after each change of a project, Secret or setting; empty where nobody told of one.

    `are_watched`: observers have heard of all these kinds just now, so a change would be told.
    """

    word: str
    are_watched: bool


SURROUNDINGS = (GroupKind(words.GROUP, "AppProject"), GroupKind("", "Secret"), GroupKind("", "ConfigMap"))

Changes = Mapping[ObjectKey, Summary | None]
"""Objects of one kind as they are now; None means gone."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Summary)


class Summaries:
    """Observers write, one per cluster; everybody reads. Every method raises StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys, keyring: Keyring) -> None:
        self._client, self._keys, self._keyring = client, keys, keyring
        self._script = Script(client, "live")

    def publish(self, cluster: ClusterUrl, kind: GroupKind, epoch: str, changes: Changes) -> bool:
        """What a watch told; nothing is a bookmark. False when another observer has taken over the kind."""
        rows = [self._row(cluster, key, summary) for key, summary in changes.items()]
        chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)] or [[]]
        return all(self._call(cluster, kind, epoch, "change", chunk) for chunk in chunks)

    def replace(
        self, cluster: ClusterUrl, kind: GroupKind, epoch: str, everything: Mapping[ObjectKey, Summary]
    ) -> bool:
        """What a complete list gave: from then on the kind counts as complete. False as for `publish`."""
        self._call(cluster, kind, epoch, "begin", ())
        gone = self._known(cluster, kind) - everything.keys()
        changes: Changes = {**everything, **dict.fromkeys(gone)}
        return self.publish(cluster, kind, epoch, changes) and self._call(cluster, kind, epoch, "complete", ())

    def drop(self, cluster: ClusterUrl, kind: GroupKind, epoch: str) -> bool:
        """The kind is watched no more."""
        gone: Changes = dict.fromkeys(self._known(cluster, kind))
        self._call(cluster, kind, epoch, "begin", ())
        return self.publish(cluster, kind, epoch, gone) and self._call(cluster, kind, epoch, "drop", ())

    def read(self, cluster: ClusterUrl, keys: Iterable[ObjectKey]) -> Sighting:
        """Summaries of these objects, in one round trip."""
        by_kind: dict[GroupKind, list[ObjectKey]] = defaultdict(list)
        for key in keys:
            by_kind[key.group_kind].append(key)
        if not by_kind:
            return Sighting({}, frozenset())
        (seconds, micros), marks, *rows = self._fetch(cluster, by_kind)
        now_ms = seconds * 1000 + micros // 1000
        fresh = frozenset(kind for kind, mark in zip(by_kind, marks, strict=True) if _is_fresh(mark, now_ms))
        pairs = [pair for kind, row in zip(by_kind, rows, strict=True) for pair in zip(by_kind[kind], row, strict=True)]
        read = {key: self._summary(cluster, key, value) for key, value in pairs if value}
        return Sighting({key: summary for key, summary in read.items() if summary}, fresh)

    def everything(self, cluster: ClusterUrl, kind: GroupKind) -> Mapping[ObjectKey, Summary] | None:
        """All that the last complete list and the events since then gave, however old; None while there is no such."""
        with store_errors("reading a whole kind"), self._client.pipeline(transaction=False) as pipe:
            pipe.hget(self._keys.watched(cluster), kind_text(kind))
            pipe.hgetall(self._keys.summaries(cluster, kind))
            mark, rows = pipe.execute()
        if not mark or mark.endswith(b" 0"):
            return None
        pairs = [(_key(kind, field), value) for field, value in rows.items()]
        read = {key: self._summary(cluster, key, value) for key, value in pairs}
        return {key: summary for key, summary in read.items() if summary}

    def tell_of_surroundings(self) -> None:
        """A project, Secret or setting of ours changed. Told before anybody is asked to look."""
        with store_errors("telling of a change"):
            # Random: a count that began anew after a wipe could be mistaken for the one before.
            self._client.set(self._keys.surroundings(), secrets.token_hex(8))

    def surroundings(self) -> Surroundings:
        """Whether any of them changed, and whether anybody would tell; in one round trip."""
        with store_errors("asking for changes"), self._client.pipeline(transaction=False) as pipe:
            pipe.get(self._keys.surroundings())
            pipe.time()
            pipe.hmget(self._keys.watched(CONTROL), [kind_text(kind) for kind in SURROUNDINGS])
            word, (seconds, micros), marks = pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        return Surroundings(word.decode() if word else "", all(_is_fresh(mark, now_ms) for mark in marks))

    def watched(self, cluster: ClusterUrl) -> frozenset[GroupKind]:
        """Kinds that an observer keeps or is just listing."""
        with store_errors("reading watched kinds"):
            names = cast("list[bytes]", self._client.hkeys(self._keys.watched(cluster)))
        return frozenset(group_kind(name.decode()) for name in names)

    def owned(self, cluster: ClusterUrl, instance: str) -> frozenset[ObjectKey]:
        """Objects seen with this instance's tracking mark; what is found so has to be read before it is believed."""
        with store_errors("reading owned objects"):
            members = cast("set[bytes]", self._client.smembers(self._keys.owned(cluster, instance)))
        return frozenset(object_key(member.decode()) for member in members)

    def _fetch(self, cluster: ClusterUrl, by_kind: Mapping[GroupKind, Sequence[ObjectKey]]) -> list[Any]:
        with store_errors("reading summaries"), self._client.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.hmget(self._keys.watched(cluster), [kind_text(kind) for kind in by_kind])
            for kind, keys in by_kind.items():
                pipe.hmget(self._keys.summaries(cluster, kind), [_field(key) for key in keys])
            return pipe.execute()

    def _known(self, cluster: ClusterUrl, kind: GroupKind) -> set[ObjectKey]:
        with store_errors("reading known objects"):
            fields = cast("list[bytes]", self._client.hkeys(self._keys.summaries(cluster, kind)))
        return {_key(kind, field) for field in fields}

    def _call(
        self, cluster: ClusterUrl, kind: GroupKind, epoch: str, what: str, rows: Sequence[Sequence[Argument]]
    ) -> bool:
        flat = [argument for row in rows for argument in row]
        return bool(self._script([self._keys.prefix], [cluster, kind_text(kind), epoch, what, *flat]))

    def _row(self, cluster: ClusterUrl, key: ObjectKey, summary: Summary | None) -> tuple[Argument, ...]:
        if summary is None:
            return (_field(key), object_text(key), "", "")
        value = self._keyring.signed(_encoder.encode(summary), "summary", _name(cluster, key))
        return (_field(key), object_text(key), summary.owner, value)

    def _summary(self, cluster: ClusterUrl, key: ObjectKey, value: bytes) -> Summary | None:
        plain = self._keyring.verified(value.partition(b"\n")[2], "summary", _name(cluster, key))
        try:
            return _decoder.decode(plain) if plain is not None else None
        except msgspec.ValidationError:
            return None


def _field(key: ObjectKey) -> str:
    return f"{key.namespace}/{key.name}"


def _key(kind: GroupKind, field: bytes) -> ObjectKey:
    namespace, _, name = field.decode().partition("/")
    return ObjectKey(kind.group, kind.kind, namespace, name)


def _name(cluster: ClusterUrl, key: ObjectKey) -> str:
    return f"{cluster}|{object_text(key)}"


def _is_fresh(mark: bytes | None, now_ms: int) -> bool:
    return mark is not None and now_ms - int(mark.decode().rpartition(" ")[2]) <= FRESH_S * 1000
