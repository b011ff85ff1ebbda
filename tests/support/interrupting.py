"""A worker that dies at one of its calls, as kill -9 would have it: before the call, and with nothing said of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reconciler.clusters.transport import Response, Transport

MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Died(BaseException):
    """The process is gone. No handler of errors sees it, as none would run."""


class Deaths:
    """Counts calls that change something, on whatever cluster, and dies before call number `at` (from 1; 0: never)."""

    def __init__(self) -> None:
        self.at = 0
        self.count = 0
        self.recovery_s = 0.0
        self._lock = threading.Lock()

    def before(self, method: str, query: Any) -> None:
        if method not in MUTATING or "dryRun" in (query or {}):
            return
        with self._lock:
            self.count += 1
            # Side by side with it other calls of the same process are under way: those die too.
            if self.at and self.count >= self.at:
                raise Died

    def arm(self, at: int) -> None:
        self.at, self.count = at, 0


@contextmanager
def deaths() -> Iterator[Deaths]:
    """While open, every transport of this process counts its calls."""
    found = Deaths()
    usual = Transport.request

    def counted(self: Transport, method: str, path: str, **more: Any) -> Response:
        found.before(method, more.get("query"))
        return usual(self, method, path, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "request", counted)
        yield found
