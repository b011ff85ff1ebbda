"""What the last pass over an application established, so that the next one need not ask again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import msgspec

from reconciler.models.keys import AppKey, ObjectKey
from reconciler.store.client import Client, store_errors
from reconciler.store.keys import Keys
from reconciler.store.names import object_key, object_text
from reconciler.store.sealing import Keyring


class ObjectRecord(msgspec.Struct, frozen=True, array_like=True):
    """One object as it was last proven. Digests are keyed; `uid` and `resource_version` are those of that proof."""

    desired: str
    live: str
    uid: str
    resource_version: str
    health: str = ""
    """HealthCode, or empty where the kind has none."""

    health_message: str = ""


class Record(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """One application. Every field may be missing: then the pass finds out anew."""

    uid: str = ""
    inputs: str = ""
    """Digest of commit and source that the renderer died of."""

    render: str = ""
    """Digest of what was rendered."""

    cluster: str = ""
    """Destination that `objects` lie on."""

    objects: dict[str, ObjectRecord] = {}
    """By `names.object_text`; see `of`."""

    checked_at: float = 0.0
    """Unix second of the last full check from live objects."""

    strikes: int = 0
    """Renderer deaths since the inputs last changed."""

    faults: int = 0
    """Passes in a row that met a transient fault."""

    revisions: tuple[str, ...] = ()
    struck_at: float = 0.0
    """Unix second of the last renderer death."""

    rivalry: tuple[str, str, int] | None = None
    """Another writer of the status: who, when last (RFC 3339), and how many times in a row after us."""

    def of(self, key: ObjectKey) -> ObjectRecord | None:
        return self.objects.get(object_text(key))

    @property
    def by_key(self) -> Mapping[ObjectKey, ObjectRecord]:
        return {object_key(text): record for text, record in self.objects.items()}


def objects_of(records: Mapping[ObjectKey, ObjectRecord]) -> dict[str, ObjectRecord]:
    """The form in which a Record holds them."""
    return {object_text(key): record for key, record in records.items()}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)


class Records:
    """One round trip each. Every method raises StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys, keyring: Keyring) -> None:
        self._client, self._keys, self._keyring = client, keys, keyring

    def get(self, app: AppKey) -> Record | None:
        """The last record, or None when there is none that we wrote for this application."""
        return self.get_many([app]).get(app)

    def get_many(self, apps: Iterable[AppKey]) -> Mapping[AppKey, Record]:
        """Records of many applications; those without one are left out."""
        wanted = list(apps)
        if not wanted:
            return {}
        with store_errors("reading records"):
            found = cast("list[bytes | None]", self._client.mget([self._keys.record(app) for app in wanted]))
        records = {app: self._read(app, data) for app, data in zip(wanted, found, strict=True) if data}
        return {app: record for app, record in records.items() if record}

    def put(self, app: AppKey, record: Record) -> None:
        """Replaces the record."""
        key = self._keys.record(app)
        with store_errors("writing a record"):
            self._client.set(key, self._keyring.signed(_encoder.encode(record), "record", key))

    def drop(self, app: AppKey) -> None:
        """The application is gone."""
        with store_errors("dropping a record"):
            self._client.delete(self._keys.record(app))

    def _read(self, app: AppKey, data: bytes) -> Record | None:
        plain = self._keyring.verified(data, "record", self._keys.record(app))
        try:
            return _decoder.decode(plain) if plain is not None else None
        except msgspec.ValidationError:
            # Written by another version of ours.
            return None
