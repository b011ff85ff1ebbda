"""The OpenAPI documents of one cluster, group by group, fetched when an object of it is to be written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from reconciler.clusters.transport import Transport
from reconciler.errors import ClusterUnavailable
from reconciler.plan.schema.openapi import Document

INDEX: Final = "/openapi/v3"
INDEX_AGE_S: Final = 180.0


class _Place(msgspec.Struct, frozen=True, rename={"url": "serverRelativeURL"}):
    url: str = ""


class _Index(msgspec.Struct, frozen=True):
    paths: Mapping[str, _Place] = {}


class SharedDocuments:
    """Documents by the digest of their content: clusters that say the same of a group share one. Thread-safe.

    What a server says of its content's hash is believed of that server only.
    """

    def __init__(self) -> None:
        self._known: WeakValueDictionary[bytes, Document] = WeakValueDictionary()
        self._lock = threading.Lock()

    def parsed(self, body: bytes) -> Document:
        """Raises ValueError for what is no OpenAPI document."""
        digest = blake2b(body, digest_size=20).digest()
        with self._lock:
            found = self._known.get(digest)
            if found is None:
                found = self._known[digest] = Document.parse(body)
            return found


SHARED: Final = SharedDocuments()


class OpenApi:
    """Thread-safe. The index is looked at anew after some minutes; a document only when its address has changed."""

    def __init__(
        self, transport: Transport, shared: SharedDocuments = SHARED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport, self._shared, self._clock = transport, shared, clock
        self._lock = threading.Lock()
        self._places: Mapping[str, _Place] = {}
        self._looked_at = -INDEX_AGE_S
        self._documents: dict[str, tuple[str, Document]] = {}

    def document(self, group: str, version: str, *, fresh: bool = False) -> Document | None:
        """The document of a group and version; None where the server has none. Raises what Transport raises."""
        name = f"apis/{group}/{version}" if group else f"api/{version}"
        with self._lock:
            place = self._index(fresh).get(name)
            if place is None:
                return None
            known = self._documents.get(name)
            if known is None or known[0] != place.url:
                known = self._documents[name] = (place.url, self._fetched(place.url))
            return known[1]

    def _index(self, fresh: bool) -> Mapping[str, _Place]:
        if fresh or self._clock() - self._looked_at >= INDEX_AGE_S:
            try:
                self._places = msgspec.json.decode(self._transport.get(INDEX).body, type=_Index).paths
            except msgspec.DecodeError as error:
                raise ClusterUnavailable("the index of OpenAPI documents cannot be read") from error
            self._looked_at = self._clock()
        return self._places

    def _fetched(self, url: str) -> Document:
        path, _, query = url.partition("?")
        if not path.startswith(f"{INDEX}/"):
            # The answer decides what is asked next: it may not lead elsewhere on that server.
            raise ClusterUnavailable("the index of OpenAPI documents leads out of it")
        try:
            return self._shared.parsed(self._transport.get(f"{path}?{query}" if query else path).body)
        except ValueError as error:
            raise ClusterUnavailable(f"{path}: {error}") from error
