"""The tasks: a door. Verify, lease, call one pass, settle; all that a pass is lies in `reconciler`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import Celery

from reconciler.errors import ReconcilerError
from reconciler.models.keys import EntryKey, EntryKind
from reconciler.queue import QUIET, TASKS, Forged, Message, verify
from reconciler.store.due import DueSet
from reconciler.store.lease import Held
from reconciler.store.sealing import Keyring
from workers.drops import drop

Pass = Callable[[EntryKey, Held], None]
"""One pass over one entry; it says when it wants to come back in `held.next_due_s`."""

log = structlog.get_logger()


@dataclass
class Progress:
    """When a message was last begun or done, on the monotonic clock: what tells a busy worker from a stuck one."""

    last: float = field(default_factory=time.monotonic)

    def made(self) -> None:
        self.last = time.monotonic()


@dataclass(frozen=True)
class Door:
    """What every task goes through. `clock` gives Unix seconds."""

    due: DueSet
    keyring: Keyring
    passes: Mapping[EntryKind, Pass]
    progress: Progress = field(default_factory=Progress)
    clock: Callable[[], float] = time.time

    def enter(self, body: Any, task: str, queue: str) -> None:
        """One message: at most one pass."""
        self.progress.made()
        try:
            entry, message = verify(body, task, queue, self.keyring, now=self.clock())
        except Forged as error:
            drop(error.why, queue)
            return
        try:
            self._pass(entry, message)
        except ReconcilerError as error:
            log.warning("pass ended early", entry=str(entry), lane=message.lane, reason=str(error))
        finally:
            self.progress.made()

    def _pass(self, entry: EntryKey, message: Message) -> None:
        with self.due.hold(entry, message.uid) as held:
            if held:
                self.passes[entry.kind](entry, held)


def register(app: Celery, door: Door) -> None:
    """Two names for each kind of entry: passes by the timer send no events, or Flower would cost as much as workers."""

    def task(self: Any, body: Any) -> None:
        door.enter(body, self.name, self.request.delivery_info["routing_key"])

    for kind in door.passes:
        for name, events in ((TASKS[kind], True), (TASKS[kind] + QUIET, False)):
            app.task(name=name, bind=True, send_events=events, acks_late=True, ignore_result=True)(task)
