"""The lease: one worker has one entry for one pass, until its deadline or its process' heartbeat runs out."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

from reconciler.errors import LeaseLost
from reconciler.models.keys import EntryKey, Lane
from reconciler.store.heartbeat import Beat, Heartbeat

STOP_BEFORE_S = 1.0
"""A pass stops writing this long before its deadline: a write that is under way must not outlive the lease."""

CRASH_BACKOFF_S = 30.0
"""When an entry comes back whose pass ended in an error that nobody translated."""


class Grant(NamedTuple):
    """An answer to the wish for a lease. `why` is `ok`, or why not: replayed, held, stale, settling, lapsed."""

    why: str
    seen: str = ""
    """The entry's request counter: what was asked for later is not covered by this pass."""

    lane: str = ""
    uid: str = ""


class Ledger(Protocol):
    """What a lease needs of the due set."""

    def acquire(self, entry: EntryKey, uid: str, token: str, beat: Beat) -> Grant: ...
    def settle(self, held: Held) -> bool: ...
    def extend(self, held: Held) -> bool: ...
    def forget(self, entry: EntryKey, uid: str, seen: str = "") -> bool: ...
    def deadline_s(self, entry: EntryKey) -> float: ...


@dataclass(slots=True)
class Held:
    """A lease while it is held. The pass sets `next_due_s` (None: the full check) and, rarely, `next_lane`."""

    entry: EntryKey
    uid: str
    lane: Lane
    token: str
    seen: str
    worker: str
    deadline: float
    """Monotonic second at which the lease ends."""

    ledger: Ledger
    heartbeat: Heartbeat
    clock: Callable[[], float]
    next_due_s: float | None = None
    next_lane: Lane = "timer"
    forgotten: bool = False

    @property
    def agent(self) -> str:
        """How this pass signs its writes in audit logs."""
        return f"reconciler/{self.worker} pass/{self.token[:8]}"

    def still_mine(self) -> None:
        """Call before every write. Raises LeaseLost; asks nobody, so it costs nothing."""
        margin_s = min(STOP_BEFORE_S, self.ledger.deadline_s(self.entry) / 10)
        if not self.heartbeat.holds(self.worker) or self.clock() >= self.deadline - margin_s:
            raise LeaseLost(f"{self.entry}: the lease ran out during the pass")

    def remaining_s(self) -> float:
        """Seconds left in which this pass may write."""
        return self.deadline - STOP_BEFORE_S - self.clock()

    def extend(self) -> None:
        """Starts the deadline anew for another batch. Raises LeaseLost, StoreUnavailable."""
        now = self.clock()
        if not self.ledger.extend(self):
            raise LeaseLost(f"{self.entry}: the lease was lost")
        self.deadline = now + self.ledger.deadline_s(self.entry)

    def forget(self) -> None:
        """The object is gone: removes the entry, unless it was asked for again meanwhile. Raises StoreUnavailable."""
        self.forgotten = self.ledger.forget(self.entry, self.uid, self.seen)


class Leases:
    """The leases that this process holds at the moment, and why others were refused."""

    def __init__(self, ledger: Ledger, heartbeat: Heartbeat, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger, self._heartbeat, self._clock = ledger, heartbeat, clock
        self._running: dict[str, Held] = {}
        self.refusals: dict[str, int] = {}
        self.lost = 0

    @contextmanager
    def hold(self, entry: EntryKey, uid: str) -> Iterator[Held | None]:
        held = self._acquire(entry, uid)
        if held is None:
            yield None
            return
        self._running[held.token] = held
        try:
            yield held
        except BaseException:
            held.next_due_s = CRASH_BACKOFF_S if held.next_due_s is None else held.next_due_s
            raise
        finally:
            del self._running[held.token]
            if not held.forgotten and not self._ledger.settle(held):
                self.lost += 1

    def _acquire(self, entry: EntryKey, uid: str) -> Held | None:
        # Both are read before the call: a lease is at most as long here as it is on the server.
        asked, beat, token = self._clock(), self._heartbeat.state, secrets.token_hex(16)
        grant = self._ledger.acquire(entry, uid, token, beat)
        if grant.why != "ok":
            self.refusals[grant.why] = self.refusals.get(grant.why, 0) + 1
            return None
        return Held(
            entry=entry,
            uid=grant.uid,
            lane=cast("Lane", grant.lane),
            token=token,
            seen=grant.seen,
            worker=beat.worker,
            deadline=asked + self._ledger.deadline_s(entry),
            ledger=self._ledger,
            heartbeat=self._heartbeat,
            clock=self._clock,
        )

    def running(self) -> list[Held]:
        """Leases held just now, by passes that are running."""
        return list(self._running.values())

    def overdue(self, grace_s: float) -> list[Held]:
        """Passes that have not come back `grace_s` after their deadline: their threads are wedged."""
        now = self._clock()
        return [held for held in self.running() if now > held.deadline + grace_s]
