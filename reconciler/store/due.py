"""The due set: everything that will have to be looked at, and when. The only queue that counts.

Seven scripts are its whole interface; each is one decision by the server's own clock, so that processes with different
clocks, doubled messages and lost answers cannot disagree about who does what.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast

from reconciler.models.keys import LANES, EntryKey, Lane
from reconciler.settings import Settings
from reconciler.sharding import queue_names
from reconciler.store.client import Argument, Client, Script, store_errors
from reconciler.store.heartbeat import Beat, Heartbeat
from reconciler.store.keys import Keys
from reconciler.store.lease import Grant, Held, Leases

REQUESTS_PER_CALL = 200
"""One call blocks the server for about 2 ms: nobody else's decision waits longer."""

SCRIPTS = ("request", "drain", "acquire", "settle", "skip", "extend", "forget", "stats")


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants `entry` looked at. Empty `uid` or `place` keep what is known.

    `place` is what shares credit and a shard: the destination cluster of an application, the host of a repository.
    """

    entry: EntryKey
    uid: str = ""
    lane: Lane = "timer"
    place: str = ""
    delay_s: float = 0.0

    @property
    def arguments(self) -> tuple[Argument, ...]:
        return (str(self.entry), self.uid, self.lane, self.place, milliseconds(self.delay_s))


@dataclass(frozen=True, slots=True)
class Issued:
    """An entry that is due and for which one message has to be sent."""

    entry: EntryKey
    uid: str
    lane: Lane
    place: str

    @classmethod
    def parse(cls, row: Sequence[bytes]) -> Issued:
        entry, uid, lane, place = (part.decode() for part in row)
        return cls(EntryKey.parse(entry), uid, cast("Lane", lane), place)


@dataclass(frozen=True, slots=True)
class LaneStats:
    """One lane at one moment: entries due and not issued, how late the oldest is, entries issued."""

    due: int
    lag_s: float
    issued: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Credit and times of the due set; the defaults are those of the settings."""

    shards: int = 8
    lane_credit: int = 64
    place_credit: int = 16
    redrive_s: float = 30.0
    pass_deadline_s: float = 30.0
    refresh_deadline_s: float = 600.0
    full_check_s: float = 6 * 3600.0

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        return cls(
            shards=settings.shards,
            lane_credit=settings.lane_credit,
            place_credit=settings.cluster_credit,
            redrive_s=settings.redrive_s,
            pass_deadline_s=settings.pass_deadline_s,
            refresh_deadline_s=settings.refresh_deadline_s,
            full_check_s=settings.full_check_s,
        )

    def deadline_s(self, entry: EntryKey) -> float:
        """How long one pass over `entry` may take: a refresh may have to fetch a large repository."""
        return self.refresh_deadline_s if entry.kind == "repo" else self.pass_deadline_s


def milliseconds(duration_s: float) -> int:
    return round(duration_s * 1000)


class DueSet:
    """The due set of one installation. Every method raises StoreUnavailable when Redis does not answer."""

    def __init__(self, client: Client, keys: Keys, heartbeat: Heartbeat, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.heartbeat = heartbeat
        self._client, self._keys = client, keys
        self._scripts = {name: Script(client, name) for name in SCRIPTS}
        self._leases = Leases(self, heartbeat)
        lanes = [queue_names(lane, self.limits.shards) for lane in LANES]
        self._queues = [keys.queue(name) for names in lanes for name in names]
        self._queue_counts = [len(names) for names in lanes]

    def _call(self, name: str, *args: Argument, keys: Sequence[str] = ()) -> Any:
        return self._scripts[name]([self._keys.prefix, *keys], args)

    def request(
        self, entry: EntryKey, uid: str = "", lane: Lane = "timer", place: str = "", delay_s: float = 0.0
    ) -> None:
        """Makes `entry` due after `delay_s` at the latest, and wakes beat when that is now.

        However often an entry is requested while it waits or runs, it is looked at once more.
        """
        self._call("request", *Request(entry, uid, lane, place, delay_s).arguments)

    def request_many(self, requests: Sequence[Request]) -> None:
        """As `request`, for many: a push may concern ten thousand applications."""
        chunks = [requests[start : start + REQUESTS_PER_CALL] for start in range(0, len(requests), REQUESTS_PER_CALL)]
        calls = [[argument for request in chunk for argument in request.arguments] for chunk in chunks]
        self._scripts["request"].many([self._keys.prefix], calls)

    def drain(self, limit: int = 500) -> list[Issued]:
        """Issues up to `limit` due entries within credit, most urgent lane first; removes none."""
        limits, settling = self.limits, milliseconds(self.heartbeat.ttl_s)
        rows = self._call(
            "drain",
            limit,
            limits.place_credit,
            limits.lane_credit,
            milliseconds(limits.redrive_s),
            settling,
            settling,
            *self._queue_counts,
            keys=self._queues,
        )
        return [Issued.parse(rows[start : start + 4]) for start in range(0, len(rows), 4)]

    def deadline_s(self, entry: EntryKey) -> float:
        """How long a lease on `entry` lasts."""
        return self.limits.deadline_s(entry)

    def acquire(self, entry: EntryKey, uid: str, token: str, beat: Beat) -> Grant:
        """Takes `entry` for one pass, if it is issued, under this uid, and held by nobody who lives."""
        settling, deadline = milliseconds(self.heartbeat.ttl_s), milliseconds(self.deadline_s(entry))
        answer = self._call("acquire", str(entry), uid, beat.worker, token, deadline, settling, settling, beat.epoch)
        return Grant(*(part.decode() for part in answer))

    def settle(self, held: Held) -> bool:
        """Ends a pass; False when its lease was lost, and then nothing is changed."""
        next_due = milliseconds(self._next_due_s(held))
        return bool(self._call("settle", str(held.entry), held.token, held.seen, next_due, held.next_lane))

    def _next_due_s(self, held: Held) -> float:
        """The pass' own word, else a full check, spread by a tenth so that a fleet does not come back at once."""
        if held.next_due_s is not None:
            return held.next_due_s
        return self.limits.full_check_s * (0.9 + 0.2 * int(held.token[:8], 16) / 0xFFFFFFFF)

    def skip(self, entry: EntryKey, seen: str, next_due_s: float) -> bool:
        """Postpones `entry` without a pass; False while it is held or when it was requested since `seen`."""
        return bool(self._call("skip", str(entry), seen, milliseconds(next_due_s)))

    def extend(self, held: Held) -> bool:
        """Gives a pass its deadline anew; False when the lease is lost."""
        return bool(self._call("extend", str(held.entry), held.token, milliseconds(self.limits.deadline_s(held.entry))))

    def forget(self, entry: EntryKey, uid: str, seen: str = "") -> bool:
        """Removes `entry`, whose object is gone; False when another uid took its name or it was requested since."""
        return bool(self._call("forget", str(entry), uid, seen))

    def hold(self, entry: EntryKey, uid: str) -> AbstractContextManager[Held | None]:
        """Acquires for the time of a `with` block and settles at its end, whatever happens inside. None: refused."""
        return self._leases.hold(entry, uid)

    @property
    def leases(self) -> Leases:
        return self._leases

    def wait(self, timeout_s: float) -> bool:
        """Waits until something is requested or credit comes back; False after `timeout_s`."""
        with store_errors("waiting for work"):
            return self._client.blpop([self._keys.wake()], timeout=timeout_s) is not None

    def seen(self, entry: EntryKey) -> str | None:
        """The request counter of `entry` as `skip` wants it, or None when the entry is unknown."""
        with store_errors("reading an entry"):
            value = cast("bytes | None", self._client.hget(self._keys.entry(entry), "req"))
        return value.decode() if value is not None else None

    def stats(self) -> dict[Lane, LaneStats]:
        """How much is due, how late, and how much is issued, for each lane."""
        rows: list[tuple[int, int, int]] = self._call("stats")
        return {lane: LaneStats(due, lag / 1000, issued) for lane, (due, lag, issued) in zip(LANES, rows, strict=True)}
