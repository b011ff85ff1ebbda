"""Builders for tests of the due set: processes that share one Valkey, with times short enough to wait for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.models.keys import EntryKey
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.client import Client, connect
from reconciler.store.due import DueSet, Issued, Limits
from reconciler.store.heartbeat import Heartbeat
from reconciler.store.keys import Keys
from reconciler.store.sealing import Keyring

TTL_S = 0.4
ROOT_KEY = "test:" + "5a" * 32
KEYRING = Keyring.parse(ROOT_KEY)
KEYS = Keys("test:")
SHORT = Limits(shards=2, redrive_s=0.6, pass_deadline_s=2.0, refresh_deadline_s=4.0)


@dataclass(frozen=True, slots=True)
class Process:
    """What one worker process holds of the store."""

    client: Client
    heartbeat: Heartbeat
    due: DueSet

    def issue(self, entry: EntryKey) -> Issued:
        """Drains until `entry` is issued."""
        found: list[Issued] = []

        def drained() -> bool:
            found.extend(issued for issued in self.due.drain() if issued.entry == entry)
            return bool(found)

        wait_for(drained, f"{entry} to be issued", timeout_s=5, every_s=0.02)
        return found[0]


@contextmanager
def a_process(valkey: Valkey, limits: Limits = SHORT, *, beating: bool = True) -> Iterator[Process]:
    """A process with a heartbeat of its own, past the time in which a new server gives nothing out."""
    client = connect(valkey.url)
    heartbeat = Heartbeat(client, KEYS, TTL_S)
    due = DueSet(client, KEYS, heartbeat, limits)
    if beating:
        heartbeat.start()
        settle_down(due)
    try:
        yield Process(client, heartbeat, due)
    finally:
        heartbeat.stop()
        client.close()


def settle_down(due: DueSet) -> None:
    """Waits until entries are given out again, as they are not for a while after a wipe."""
    probe = EntryKey("block", "probe")
    due.request(probe)

    def taken() -> bool:
        due.drain()
        with due.hold(probe, "") as held:
            if held:
                held.forget()
            return held is not None

    wait_for(taken, "the due set to settle", timeout_s=10, every_s=0.02)
