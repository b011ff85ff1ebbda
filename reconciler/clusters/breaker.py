"""A circuit breaker: a cluster that does not answer costs one probe now and then instead of every caller's time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from reconciler.errors import ClusterUnavailable

FAILURES_TO_OPEN = 3
FIRST_PROBE_S = 5.0
LAST_PROBE_S = 30.0
"""Probes come after 5, 10, 20 and then every 30 s: a short fault ends soon, a long one costs little, and a cluster that
is back is whole within a minute."""


class Breaker:
    """Opens after three calls in a row got no answer. Any answer, even an error status, closes it. Thread-safe.

    `probe_limit_s` is how long one call may take at most: a probe that never reports back is replaced after it.
    """

    def __init__(self, name: str, *, probe_limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._probe_limit_s = probe_limit_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until = 0.0
        self._is_probing = False
        self._reason = ""

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES_TO_OPEN

    def check(self) -> None:
        """Lets a call through, or raises ClusterUnavailable with the seconds until the next one may try."""
        if self._closed_until == 0.0:
            return
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                # A probe most often reports long before its limit.
                wait_s = min(self._closed_until - now, FIRST_PROBE_S if self._is_probing else math.inf)
                message = f"{self._name}: {self._reason}; next try in {wait_s:.0f} s"
                raise ClusterUnavailable(message, retry_after_s=wait_s)
            # This caller is the probe; the others wait until it has reported, or until it must have timed out.
            self._is_probing = self.is_open
            self._closed_until = now + self._probe_limit_s if self.is_open else 0.0

    def answered(self) -> None:
        """The server answered something."""
        if self._failures:
            with self._lock:
                # A silence that the server asked for is not ended by the answer to another call.
                self._closed_until = 0.0 if self.is_open else self._closed_until
                self._failures, self._is_probing = 0, False

    def failed(self, reason: str) -> None:
        """No answer came: refused, timed out, cut off."""
        with self._lock:
            if self.is_open and not self._is_probing:
                # Begun before it opened. Many calls that fail together are one outage, not many probes.
                return
            self._is_probing = False
            self._failures += 1
            self._reason = reason
            if self.is_open:
                wait_s = min(FIRST_PROBE_S * 2 ** min(self._failures - FAILURES_TO_OPEN, 10), LAST_PROBE_S)
                self._closed_until = self._clock() + wait_s

    def hold(self, wait_s: float) -> None:
        """The server asked for silence (429 with Retry-After): nobody calls it until then."""
        with self._lock:
            self._reason = "the server asked to wait"
            self._closed_until = max(self._closed_until, self._clock() + wait_s)
