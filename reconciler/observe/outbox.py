"""From the event loop to Redis: one thread that publishes what was seen, and then asks for passes, in this order."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from reconciler.errors import StoreUnavailable
from reconciler.models.keys import LANES, ClusterUrl, EntryKey, GroupKind
from reconciler.observe.seen import Seen
from reconciler.store.due import Request

RETRY_S = 0.5
FRESHEN_S = 5.0
"""Freshness is written no more often than this for each kind."""

log = structlog.get_logger(__name__)


class Scope(NamedTuple):
    """One kind on one cluster."""

    cluster: ClusterUrl
    kind: GroupKind


Stored = Mapping[str, Seen] | None
"""What the store knew of a kind before this process, by `namespace/name`; None when it knew nothing whole."""


class Shelf(Protocol):
    """Where summaries lie. Raises StoreUnavailable."""

    def read(self, scope: Scope) -> Stored: ...
    def replace(self, scope: Scope, rows: Mapping[str, Seen]) -> None: ...
    def change(self, scope: Scope, rows: Mapping[str, Seen | None]) -> None: ...
    def freshen(self, scopes: Iterable[Scope]) -> None: ...


class Bell(Protocol):
    """The due set, as far as it is rung here. Raises StoreUnavailable."""

    def request_many(self, requests: list[Request]) -> None: ...


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole kind. `late` compares it with what was stored before: given for the first list of a process only."""

    scope: Scope
    rows: Mapping[str, Seen]
    late: Callable[[Stored], Iterable[Request]] | None = None


class Change(NamedTuple):
    """One object; None: it is gone."""

    scope: Scope
    name: str
    seen: Seen | None


class Fresh(NamedTuple):
    """A kind was heard of just now."""

    scope: Scope


Job = Listing | Change | Fresh | Request


@dataclass(slots=True)
class _Batch:
    """Jobs that wait, merged: a later word on the same thing replaces the earlier one."""

    listings: dict[Scope, Listing] = field(default_factory=dict)
    changes: dict[Scope, dict[str, Seen | None]] = field(default_factory=dict)
    fresh: set[Scope] = field(default_factory=set)
    requests: dict[EntryKey, Request] = field(default_factory=dict)

    def add(self, job: Job) -> None:
        match job:
            case Listing():
                self.listings[job.scope] = job
                self.changes.pop(job.scope, None)
                self.fresh.add(job.scope)
            case Change():
                self.changes.setdefault(job.scope, {})[job.name] = job.seen
            case Fresh():
                self.fresh.add(job.scope)
            case Request():
                self.requests[job.entry] = _sooner(self.requests.get(job.entry), job)


def _sooner(known: Request | None, new: Request) -> Request:
    """The more urgent of two requests for one entry."""
    if known is None:
        return new
    return min(known, new, key=lambda request: (LANES.index(request.lane), request.delay_s))


class Outbox:
    """Takes jobs without blocking and does them in a thread of its own. What fails is tried again until it is done."""

    def __init__(self, shelf: Shelf, bell: Bell, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._shelf, self._bell, self._clock = shelf, bell, clock
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._batch = _Batch()
        self._freshened: dict[Scope, float] = {}
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self.requested = 0
        """Requests raised so far."""

    def put(self, *jobs: Job) -> None:
        for job in jobs:
            self._jobs.put(job)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Does what is waiting, if Redis answers, and ends."""
        self._jobs.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            going_on = self._collect()
            try:
                self._flush()
            except StoreUnavailable as error:
                log.warning("summaries wait for redis", reason=str(error))
                if going_on:
                    time.sleep(RETRY_S)
                    self._jobs.put(Fresh(_NOBODY))
            if not going_on:
                return

    def _collect(self) -> bool:
        """Waits for a job and takes all that lie there; False when it is time to end."""
        job = self._jobs.get()
        while job is not None:
            self._batch.add(job)
            if self._jobs.empty():
                return True
            job = self._jobs.get()
        return False

    def _flush(self) -> None:
        batch = self._batch
        while batch.listings:
            scope = next(iter(batch.listings))
            self._list(batch.listings[scope])
            del batch.listings[scope]
        while batch.changes:
            scope = next(iter(batch.changes))
            self._shelf.change(scope, batch.changes[scope])
            del batch.changes[scope]
        self._freshen(batch)
        # Only now: whoever is asked to look must find what there is to see.
        if batch.requests:
            self._bell.request_many(list(batch.requests.values()))
            self.requested += len(batch.requests)
            batch.requests.clear()

    def _list(self, listing: Listing) -> None:
        if listing.late is not None:
            demands = list(listing.late(self._shelf.read(listing.scope)))
            self._shelf.replace(listing.scope, listing.rows)
            for demand in demands:
                self._batch.add(demand)
        else:
            self._shelf.replace(listing.scope, listing.rows)

    def _freshen(self, batch: _Batch) -> None:
        now = self._clock()
        batch.fresh.discard(_NOBODY)
        due = [scope for scope in batch.fresh if now - self._freshened.get(scope, -FRESHEN_S) >= FRESHEN_S]
        if due:
            self._shelf.freshen(due)
            self._freshened.update(dict.fromkeys(due, now))
        batch.fresh.clear()


_NOBODY = Scope(ClusterUrl(""), GroupKind("", ""))
"""Wakes the thread without naming anything."""
