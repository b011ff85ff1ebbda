"""Work that many want at once is done by one of them, across processes, and the others hear when it is done.

A turn is a claim with an end of its own: whoever dies holding one costs the others no more than that.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from reconciler.errors import StoreUnavailable
from reconciler.store.client import Client, Script, store_errors
from reconciler.store.keys import Keys

BLOCK_S = 1.0
"""Below every socket timeout of the client; a holder that died is noticed as often."""

HEARD_MS = 60_000
"""How long the word that a turn is over stays for those who listen late."""


class Turns:
    """Thread-safe. A store that does not answer hands out every turn: work done twice is better than none."""

    def __init__(self, client: Client, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._keys, self._clock = client, keys, clock
        self._take, self._end = Script(client, "take_turn"), Script(client, "end_turn")

    @contextmanager
    def turn(self, name: str, *, patience_s: float) -> Iterator[bool]:
        """True for the one whose turn it is. False once another one has had it, or after `patience_s`."""
        token = secrets.token_hex(8)
        if not self._taken(name, token, patience_s):
            self._wait(name, self._clock() + patience_s)
            yield False
            return
        try:
            yield True
        finally:
            with suppress(StoreUnavailable):
                self._end([self._keys.prefix], [name, token, HEARD_MS])

    def _taken(self, name: str, token: str, ttl_s: float) -> bool:
        try:
            return bool(self._take([self._keys.prefix], [name, token, max(1, round(ttl_s * 1000))]))
        except StoreUnavailable:
            return True

    def _wait(self, name: str, deadline: float) -> None:
        with suppress(StoreUnavailable):
            while (left_s := deadline - self._clock()) > 0:
                if self._heard(name, min(BLOCK_S, left_s)) or not self._is_held(name):
                    return

    def _heard(self, name: str, patience_s: float) -> bool:
        """Whether the turn ended; blocks in Redis until it does."""
        with store_errors("waiting for a turn"):
            words = self._client.xread({self._keys.done(name): "0"}, count=1, block=max(1, round(patience_s * 1000)))
            return bool(cast("Any", words))

    def _is_held(self, name: str) -> bool:
        with store_errors("looking at a turn"):
            return bool(self._client.exists(self._keys.doing(name)))
