"""After a wipe or fail-over: one process asks for everything anew, and only then the epoch counts as rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from reconciler.store.client import Client, Script, store_errors
from reconciler.store.due import DueSet, Request
from reconciler.store.keys import Keys

REBUILD_LEASE_S = 60
"""A rebuilding process that died is replaced after this long; each chunk renews it."""

CHUNK = 1000
SPREAD_PER_ENTRY_S = 0.01
LONGEST_SPREAD_S = 300.0
"""Everything is due again within this time: the fleet is looked at, but not at once."""


class Epoch:
    """Knows whether the due set holds everything, and makes it so."""

    def __init__(self, client: Client, keys: Keys, due: DueSet) -> None:
        self._client, self._keys, self._due = client, keys, due
        self._rebuilt = Script(client, "rebuilt")

    @property
    def is_whole(self) -> bool:
        """Whether this process' last heartbeat saw an epoch that was rebuilt; asks nobody."""
        beat = self._due.heartbeat.state
        return bool(beat.epoch) and beat.epoch == beat.rebuilt

    def rebuild(self, everything: Callable[[], Iterable[Request]]) -> bool:
        """Requests all that there is, unless another process is at it; whether the epoch is rebuilt now.

        `everything` may read for long and may raise; the next attempt begins anew. Raises StoreUnavailable.
        """
        epoch = self._due.heartbeat.state.epoch
        if not epoch or not self._claim():
            return False
        try:
            requested = 0
            rows = iter(everything())
            while chunk := list(islice(rows, CHUNK)):
                self._due.request_many(_spread(chunk, requested))
                requested += len(chunk)
                self._renew()
            return bool(self._rebuilt([self._keys.prefix], [epoch]))
        finally:
            self._release()

    def _claim(self) -> bool:
        with store_errors("claiming the rebuild"):
            worker = self._due.heartbeat.state.worker
            return bool(self._client.set(self._keys.rebuilding(), worker, nx=True, ex=REBUILD_LEASE_S))

    def _renew(self) -> None:
        with store_errors("renewing the rebuild"):
            self._client.expire(self._keys.rebuilding(), REBUILD_LEASE_S)

    def _release(self) -> None:
        with store_errors("releasing the rebuild"):
            self._client.delete(self._keys.rebuilding())


def _spread(chunk: Sequence[Request], before: int) -> list[Request]:
    """Requests one after another instead of all at once; what is urgent anyway stays so."""
    return [
        replace(request, delay_s=request.delay_s + min((before + place) * SPREAD_PER_ENTRY_S, LONGEST_SPREAD_S))
        for place, request in enumerate(chunk)
    ]
