"""One fetch of the same thing at a time, for which others wait only so long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.errors import SourceUnavailable


class Alone:
    """Locks by name, each kept while somebody holds it or waits for it. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def held(self, name: str, what: str, patience_s: float) -> Iterator[None]:
        """Raises SourceUnavailable, which says `what`, when another's turn does not end in time."""
        with self._lock:
            lock, count = self._taken.get(name, (threading.Lock(), 0))
            self._taken[name] = (lock, count + 1)
        try:
            if not lock.acquire(timeout=patience_s):
                raise SourceUnavailable(f"{what}: another fetch of it has not ended in time")
            try:
                yield
            finally:
                lock.release()
        finally:
            self._leave(name)

    def _leave(self, name: str) -> None:
        with self._lock:
            lock, count = self._taken[name]
            self._taken[name] = (lock, count - 1)
            if count == 1:
                del self._taken[name]
