"""Keeps one collection known: lists it, watches it, and lists it again whenever something may have been missed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import structlog

from reconciler.clusters.envelopes import Raw, decode_event, decode_fault, decode_head, decode_page
from reconciler.clusters.listing import EVERYTHING, PAGE, Selector
from reconciler.clusters.streams import Expired, Streams
from reconciler.errors import ClusterUnavailable, ObjectRejected, ReconcilerError

GONE, NOT_FOUND = 410, 404
SHORTEST_STREAM_S = 0.5
TOO_LARGE = "Too large resource version"
"""The server has never been at the version that we have seen: it is another one, or an older copy."""

log = structlog.get_logger(__name__)


class NotServed(ObjectRejected):
    """The server serves no such collection (any more): ask discovery how the kind is served now."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=NOT_FOUND)


class Sink(Protocol):
    """What becomes of what a watch sees. Called on the event loop; must not block."""

    def begin(self) -> None:
        """A list starts; what an earlier, unfinished list brought is void."""

    def listed(self, raw: Raw, api_version: str) -> None:
        """One object of the list, as JSON without apiVersion and kind."""

    def complete(self) -> None:
        """The list is whole: what it did not bring does not exist."""

    def event(self, kind: str, raw: Raw) -> None:
        """One event: ADDED, MODIFIED or DELETED, and the object (as it was last)."""

    def flush(self) -> None:
        """A bunch of events, or a bookmark, has come: the collection is known to be fresh at this moment."""

    def failed(self, reason: str) -> None:
        """Nothing can be read for now."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Times of one watch. `poll_s`: list this often instead of watching, for collections not worth a connection."""

    silence_s: float = 80.0
    rotate_s: float = 300.0
    first_wait_s: float = 0.2
    last_wait_s: float = 30.0
    poll_s: float | None = None
    several_s: float = 30.0
    """Between two lists of a collection with several paths."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What is watched: a path below the API server's root, and a selection of it.

    `more` are further paths of the same kind, in other namespaces; such a collection is listed again and again.
    """

    path: str
    select: Selector = EVERYTHING
    page: int = PAGE
    more: tuple[str, ...] = ()


@dataclass(slots=True)
class Watch:
    """One collection of one cluster. `relist` may be called at any time on the loop."""

    streams: Streams
    collection: Collection
    sink: Sink
    patience: Patience = field(default_factory=Patience)
    jitter: Callable[[], float] = random.random
    relists: int = 0
    """How many lists were completed: for metrics and tests."""

    _version: str = ""
    _failures: int = 0
    _again: asyncio.Event = field(default_factory=asyncio.Event)
    _streaming: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Never returns; cancel it. Raises NotServed when the server says that there is no such collection."""
        while True:
            try:
                await self._once()
            except ObjectRejected as error:
                self.sink.failed(str(error))
                if error.status == NOT_FOUND:
                    raise NotServed(str(error)) from error
                await self._back_off(str(error))
            except Expired:
                # Lists that expire again and again would otherwise spin.
                await self._back_off("expired")
                self._version = ""
            except (ReconcilerError, msgspec.DecodeError) as error:
                await self._back_off(str(error))

    def relist(self) -> None:
        """Forgets what was seen: the collection is listed anew at once."""
        self._again.set()
        if self._streaming is not None:
            self._streaming.cancel()

    async def _once(self) -> None:
        if not self._version or self._again.is_set():
            self._again.clear()
            await self._list()
        poll_s = self.patience.several_s if self.collection.more else self.patience.poll_s
        if poll_s is not None:
            await self._sleep(poll_s)
            self._version = ""
            return
        self._streaming = asyncio.create_task(self._stream())
        try:
            await self._streaming
        except asyncio.CancelledError:
            # Cancelled by `relist`; or this task itself was, and then it ends.
            current = asyncio.current_task()
            if not self._again.is_set() or (current is not None and current.cancelling()):
                raise

    async def _list(self) -> None:
        self.sink.begin()
        for path in (self.collection.path, *self.collection.more):
            self._version = await self._pages(path)
        self._failures = 0
        self.relists += 1
        self.sink.complete()

    async def _pages(self, path: str) -> str:
        query = {"limit": str(self.collection.page), **self.collection.select.query}
        while True:
            page = decode_page(await self.streams.page(path, query))
            if not page.kind.endswith("List"):
                raise ClusterUnavailable(f"{path}: the answer is no list")
            for raw in page.items or ():
                self.sink.listed(raw, page.api_version)
            if not page.metadata.more:
                return page.metadata.resource_version
            query["continue"] = page.metadata.more

    async def _stream(self) -> None:
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            # Spread, so that the watches of a cluster are not all renewed in one moment.
            "timeoutSeconds": str(round(self.patience.rotate_s * (1 + 0.2 * self.jitter()))),
            **self.collection.select.query,
        }
        started = time.monotonic()
        async with aclosing(self.streams.lines(self.collection.path, query, self.patience.silence_s)) as bunches:
            async for lines in bunches:
                for line in lines:
                    self._seen(line)
                self._failures = 0
                self.sink.flush()
        if time.monotonic() - started < SHORTEST_STREAM_S:
            raise ClusterUnavailable(f"{self.collection.path}: the watch ended at once")

    def _seen(self, line: bytes) -> None:
        event = decode_event(line)
        if event.type == "ERROR":
            fault = decode_fault(event.object)
            gone = fault.code == GONE or TOO_LARGE in fault.message
            raise (Expired if gone else ClusterUnavailable)(f"{self.collection.path}: {fault.message or fault.reason}")
        if event.type != "BOOKMARK":
            self.sink.event(event.type, event.object)
        self._version = decode_head(event.object).metadata.resource_version

    async def _back_off(self, reason: str) -> None:
        """Waits before the next attempt. A stream that merely broke goes on at once, where it was."""
        self._failures += 1
        self.sink.failed(reason)
        if self._failures > 1:
            # The server was away, and may come back as another one with lower versions: only a new list is certain.
            self._version = ""
            log.info("watch interrupted", path=self.collection.path, reason=reason, failures=self._failures)
        doubled_s = self.patience.first_wait_s * 2 ** min(self._failures - 1, 10)
        await self._sleep(min(doubled_s, self.patience.last_wait_s) * (0.5 + self.jitter() / 2))

    async def _sleep(self, wait_s: float) -> None:
        try:
            await asyncio.wait_for(self._again.wait(), wait_s)
        except TimeoutError:
            return
