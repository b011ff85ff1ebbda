"""A chart repository over HTTP: its index, kept as long as the server says it is the same, and its archives."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import msgspec
import zstandard

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.sources.charts import web
from reconciler.sources.charts.alone import Alone
from reconciler.sources.charts.following import chosen
from reconciler.sources.charts.index import MAX_INDEX_BYTES, Offer, offers
from reconciler.sources.charts.limits import ChartLimits
from reconciler.sources.credentials import Access
from reconciler.sources.transport import Deadline
from reconciler.store.blobs import Blobs

INDEX_FRESH_S = 10.0
"""Whoever asks within this time of another gets the same answer. Argo CD: refs are asked for as seldom."""

INDEX_TTL_S = 24 * 3600.0
KEPT_INDEXES = 16
KEPT_OFFERS = 256
KEPT_OUTAGES = 256


class Index(msgspec.Struct, frozen=True, array_like=True):
    """An index as it came, compressed, and by which words the server knows it again."""

    packed: bytes
    etag: str = ""
    modified: str = ""

    @property
    def text(self) -> bytes:
        return zstandard.ZstdDecompressor().decompress(self.packed, max_output_size=MAX_INDEX_BYTES)

    @property
    def name(self) -> str:
        return hashlib.sha256(self.packed).hexdigest()


@dataclass(frozen=True, slots=True)
class Found:
    """An archive as it was fetched. `source` is where it came from, for messages."""

    data: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Outage:
    """Why an index could not be had, when, and with how much patience it was asked for."""

    at: float
    within_s: float
    error: SourceUnavailable


class HelmRepositories:
    """Chart repositories for one process. Thread-safe; `blobs` shares indexes with other workers."""

    def __init__(self, blobs: Blobs | None, limits: ChartLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._blobs, self._limits, self._clock = blobs, limits, clock
        self._lock = threading.Lock()
        self._asking = Alone()
        self._indexes: OrderedDict[str, tuple[float, Index]] = OrderedDict()
        self._outages: OrderedDict[str, Outage] = OrderedDict()
        self._offers: OrderedDict[tuple[str, str], tuple[Offer, ...]] = OrderedDict()

    def offers(self, access: Access, chart: str) -> tuple[Offer, ...]:
        """The versions of a chart as the repository has them now. Raises SourceError, SourceUnavailable."""
        index = self._index(access, self._limits.index_s)
        key = (index.name, chart)
        with self._lock:
            known = self._offers.get(key)
        if known is None:
            known = offers(index.text, chart, access.shown)
            with self._lock:
                self._offers[key] = known
                while len(self._offers) > KEPT_OFFERS:
                    self._offers.popitem(last=False)
        return known

    def look(self, access: Access) -> None:
        """Gets the index with more patience than a pass has. Raises SourceError, SourceUnavailable."""
        self._index(access, self._limits.poll_s)

    def fetch(self, access: Access, chart: str, version: str, *, passes_credentials: bool = False) -> Found:
        """The archive of a chart, as its index describes it. Raises SourceError, SourceUnavailable."""
        there = self.offers(access, chart)
        best = chosen(version, (one.version for one in there))
        offer = next((one for one in there if one.version == best), None)
        if offer is None:
            raise not_offered(access, chart, version, [one.version for one in there])
        if not offer.urls:
            raise SourceError(f"chart {chart} {offer.version} of {access.shown}: the index gives no address for it")
        url = urljoin(f"{_base(access)}/", offer.urls[0])
        errand = web.Errand(url, self._limits.archive_bytes, passes_credentials=passes_credentials, is_packed=True)
        reply = web.get(access, errand, Deadline(self._limits.archive_s), self._limits.timeouts)
        digest = offer.digest.removeprefix("sha256:").lower()
        if digest and hashlib.sha256(reply.body).hexdigest() != digest:
            raise SourceError(
                f"chart {chart} {best} of {access.shown}: the archive is not the one that the index describes: "
                "its SHA-256 is another"
            )
        return Found(reply.body, url)

    def _index(self, access: Access, within_s: float) -> Index:
        with self._asking.held(access.scope, access.shown, within_s):
            at, known = self._indexes.get(access.scope, (float("-inf"), None))
            if known and self._clock() - at < INDEX_FRESH_S:
                return known
            self._check_outage(access, within_s)
            try:
                fresh = self._asked(access, known or self._shared(access), Deadline(within_s))
            except SourceUnavailable as error:
                self._note(access, Outage(self._clock(), within_s, error))
                raise
            with self._lock:
                self._outages.pop(access.scope, None)
                self._indexes[access.scope] = (self._clock(), fresh)
                while len(self._indexes) > KEPT_INDEXES:
                    self._indexes.popitem(last=False)
            return fresh

    def _check_outage(self, access: Access, within_s: float) -> None:
        """Raises SourceUnavailable where somebody just waited as long in vain: those behind need not do so in turn."""
        with self._lock:
            last = self._outages.get(access.scope)
        if last and last.within_s >= within_s and self._clock() - last.at < INDEX_FRESH_S:
            raise SourceUnavailable(str(last.error), retry_after_s=last.error.retry_after_s)

    def _note(self, access: Access, outage: Outage) -> None:
        with self._lock:
            self._outages[access.scope] = outage
            self._outages.move_to_end(access.scope)
            while len(self._outages) > KEPT_OUTAGES:
                self._outages.popitem(last=False)

    def _asked(self, access: Access, known: Index | None, deadline: Deadline) -> Index:
        errand = web.Errand(
            f"{_base(access)}/index.yaml",
            self._limits.index_bytes,
            headers=_conditions(known) if known else {},
            accepts=frozenset({304}) if known else frozenset(),
        )
        reply = web.get(access, errand, deadline, self._limits.timeouts)
        if known and reply.status == 304:
            return known
        packed = zstandard.ZstdCompressor(level=3).compress(reply.body)
        index = Index(packed, reply.headers.get("etag", "")[:200], reply.headers.get("last-modified", "")[:100])
        if self._blobs:
            self._blobs.put(_index_name(access), msgspec.msgpack.encode(index), INDEX_TTL_S)
        return index

    def _shared(self, access: Access) -> Index | None:
        data = self._blobs.get(_index_name(access)) if self._blobs else None
        return msgspec.msgpack.decode(data, type=Index) if data else None


def not_offered(access: Access, chart: str, version: str, there: list[str]) -> SourceError:
    """Names what is missing, and what there is instead."""
    if not there:
        return SourceError(f"chart {chart} is not found in {access.shown}")
    newest = ", ".join(there[:3])
    return SourceError(
        f"chart {chart} {version} is not found in {access.shown}, which has {newest}{' …' * (len(there) > 3)}"
    )


def _base(access: Access) -> str:
    return f"{access.origin}/{access.address.path}".rstrip("/")


def _conditions(known: Index) -> Mapping[str, str]:
    pairs = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in pairs.items() if value}


def _index_name(access: Access) -> str:
    """index:<scope> → the newest Index that any worker has seen."""
    return f"index:{access.scope}"
