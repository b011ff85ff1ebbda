"""Follows audit logs while they are written, to strike in the middle of an operation."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.sandbox.controlplane import ControlPlane
from tests.support.audit import AuditEvent, parse_event
from tests.support.history import generation


class Tail:
    """What the servers have answered since this was made. Knows only whole lines, asks no server."""

    def __init__(self, planes: Sequence[ControlPlane]) -> None:
        self._files = [plane.audit_log.open("rb") for plane in planes]
        for file in self._files:
            file.seek(0, 2)
        self._rest = [b""] * len(self._files)
        self.events: list[AuditEvent] = []
        """Everything that was read so far."""

    def __enter__(self) -> Tail:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def fresh(self) -> Iterator[AuditEvent]:
        """Events that came since the last call."""
        for number, file in enumerate(self._files):
            *lines, self._rest[number] = (self._rest[number] + file.read()).split(b"\n")
            found = [parse_event(line) for line in lines]
            self.events += found
            yield from found

    def until_written(self, wanted: int, objects: int, *, timeout_s: float = 30) -> str:
        """Waits until somebody wrote at least `objects` objects of one application in generation `wanted`; whose."""
        written: dict[str, set[str]] = defaultdict(set)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for event in filter(lambda event: is_write_of(event, wanted), self.fresh()):
                written[event.namespace].add(f"{event.resource}/{event.name}")
                if len(written[event.namespace]) >= objects:
                    return event.namespace
            time.sleep(0.0005)
        raise TimeoutError(f"{objects} writes of generation {wanted}: not within {timeout_s:g} s")

    def is_partial(self, wanted: int, at: datetime, objects: int) -> bool:
        """Whether at that moment some and not all objects of an application had been written in that generation."""
        for _ in self.fresh():
            pass
        before: dict[str, set[str]] = defaultdict(set)
        for event in self.events:
            if is_write_of(event, wanted) and event.received <= at:
                before[event.namespace].add(f"{event.resource}/{event.name}")
        return any(0 < len(names) < objects for names in before.values())


def is_write_of(event: AuditEvent, wanted: int) -> bool:
    """Whether an object of this generation was written, and not only tried."""
    return event.mutating and event.succeeded and generation(event.request) == wanted
