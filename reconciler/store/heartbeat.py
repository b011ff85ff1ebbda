"""The heartbeat of a process. Every lease of the process hangs on it, and it is the first to notice a lost Redis."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from reconciler.errors import StoreUnavailable
from reconciler.store.client import Client, Script, store_errors
from reconciler.store.keys import Keys

BEATS_PER_TTL = 5
TRUSTED_SHARE = 0.8
"""A heartbeat counts for this share of its TTL, from when it was sent: the rest covers clocks and the way there."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What the last heartbeat that succeeded said. `worker` is new after every loss, so old leases stay lost."""

    worker: str
    epoch: str = ""
    rebuilt: str = ""
    trusted_until: float = 0.0
    """Monotonic second until which leases of `worker` may be believed without asking."""


class Heartbeat:
    """One per process. Not started it does no harm: such a process requests and drains, but cannot hold a lease."""

    def __init__(
        self, client: Client, keys: Keys, ttl_s: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ttl_s = ttl_s
        self.state = Beat(_new_worker())
        self._script, self._keys, self._client = Script(client, "beat"), keys, client
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def beat(self) -> bool:
        """Sends one heartbeat. False when every lease of the process was lost by now. Raises StoreUnavailable."""
        before, sent = self.state, self._clock()
        first = not before.epoch
        alive, epoch, rebuilt = self._script(
            [self._keys.prefix], [before.worker, round(self.ttl_s * 1000), "NX" if first else "XX"]
        )
        kept = bool(alive) and (first or epoch.decode() == before.epoch)
        if kept:
            until = sent + TRUSTED_SHARE * self.ttl_s
            self.state = Beat(before.worker, epoch.decode(), rebuilt.decode(), until)
        else:
            # A missing key or another epoch: whoever held something holds it no more. Start as somebody new.
            self.state = Beat(_new_worker())
        return kept

    def holds(self, worker: str) -> bool:
        """Whether leases taken as `worker` may still be believed at this moment; asks nobody."""
        state = self.state
        return state.worker == worker and self._clock() < state.trusted_until

    def start(self) -> None:
        """Beats from now on in a thread of its own; the first beat is sent before this returns if Redis answers."""
        self._try()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops beating and takes the heartbeat away, so that what this process held is free at once."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=self.ttl_s)
        worker, self.state = self.state.worker, Beat(_new_worker())
        with suppress(StoreUnavailable), store_errors("stopping the heartbeat"):
            self._client.delete(self._keys.alive(worker))

    def _run(self) -> None:
        while not self._stop.wait(self.ttl_s / BEATS_PER_TTL):
            self._try()

    def _try(self) -> None:
        try:
            if not self.beat():
                self.beat()
        except StoreUnavailable:
            # Leases run out by themselves; the next beat tries again.
            return


def _new_worker() -> str:
    return secrets.token_hex(8)
