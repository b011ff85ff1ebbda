"""A watched kind in memory: what the watch says becomes rows for the store and demands for passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

import msgspec
import structlog

from reconciler.clusters.envelopes import Raw, decode_head
from reconciler.observe.outbox import Change, Fresh, Job, Listing, Scope, Stored
from reconciler.observe.seen import Seen
from reconciler.store.due import Request

Thing = TypeVar("Thing")

log = structlog.get_logger(__name__)


class Reading(Protocol[Thing]):
    """What a kind means to us."""

    def read(self, raw: Raw, before: Thing | None) -> Thing:
        """One object. Raises msgspec.DecodeError."""

    def row(self, thing: Thing) -> Seen:
        """What is stored of it."""

    def keeps(self, thing: Thing) -> bool:
        """Whether it is worth remembering here."""

    def demands(self, before: Thing | None, after: Thing | None, raw: Raw | None) -> Iterable[Request]:
        """What one change asks for."""

    def late(self, name: str, stored: Seen | None, after: Thing | None) -> Iterable[Request]:
        """What a difference asks for between the store and the first list of this process. None stored: unknown."""

    def changed(self) -> None:
        """Something of this kind came, went or changed."""


class Mirror(Generic[Thing]):
    """The sink of one watch. `known` holds what the reading keeps, by `namespace/name`. Lives on the event loop."""

    def __init__(self, scope: Scope, reading: Reading[Thing], put: Callable[..., None]) -> None:
        self.scope = scope
        self.known: dict[str, Thing] = {}
        self.is_whole = False
        self.fault: str | None = None
        self._reading, self._put = reading, put
        self._rows: dict[str, Seen] = {}
        self._things: dict[str, Thing] = {}

    def begin(self) -> None:
        self._rows, self._things = {}, {}

    def listed(self, raw: Raw, api_version: str) -> None:
        del api_version
        name, thing = self._read(raw)
        if thing is None:
            return
        self._rows[name] = self._reading.row(thing)
        if self._reading.keeps(thing):
            self._things[name] = thing

    def complete(self) -> None:
        before, after, first = self.known, self._things, not self.is_whole
        self.known, self.is_whole, self.fault = after, True, None
        late = self._late(dict(after), frozenset(self._rows)) if first else None
        self._put(Listing(self.scope, self._rows, late))
        if not first:
            self._put(*self._differences(before, after))
        self._rows, self._things = {}, {}
        self._reading.changed()

    def event(self, kind: str, raw: Raw) -> None:
        name, thing = self._read(raw)
        before = self.known.get(name)
        if kind == "DELETED":
            before, thing = before or thing, None
        elif thing is None:
            return
        if thing is not None and self._reading.keeps(thing):
            self.known[name] = thing
        else:
            self.known.pop(name, None)
        jobs: list[Job] = [Change(self.scope, name, self._reading.row(thing) if thing is not None else None)]
        jobs.extend(self._reading.demands(before, thing, raw))
        self._put(*jobs)
        self._reading.changed()

    def flush(self) -> None:
        self.fault = None
        self._put(Fresh(self.scope))

    def failed(self, reason: str) -> None:
        self.fault = reason

    def forget_all(self) -> None:
        """The store was emptied: the next list counts as the first one."""
        self.is_whole = False

    def _read(self, raw: Raw) -> tuple[str, Thing | None]:
        """Name and content of an object; one that cannot be read is left out, not the whole watch with it."""
        metadata = decode_head(raw).metadata
        name = f"{metadata.namespace}/{metadata.name}"
        try:
            return name, self._reading.read(raw, self._things.get(name) or self.known.get(name))
        except (msgspec.DecodeError, ValueError) as error:
            log.warning("object left out", kind=str(self.scope.kind), name=name, reason=type(error).__name__)
            return name, None

    def _differences(self, before: dict[str, Thing], after: dict[str, Thing]) -> Iterator[Request]:
        for name in before.keys() | after.keys():
            old, new = before.get(name), after.get(name)
            if old is not new:
                yield from self._reading.demands(old, new, None)

    def _late(self, after: dict[str, Thing], names: frozenset[str]) -> Callable[[Stored], Iterable[Request]]:
        def compare(stored: Stored) -> Iterator[Request]:
            known = stored or {}
            for name, thing in after.items():
                yield from self._reading.late(name, known.get(name), thing)
            for name in known.keys() - names:
                yield from self._reading.late(name, known[name], None)

        return compare
