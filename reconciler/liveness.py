"""Shows probes that a process makes progress: a file whose time moves only when its main loop comes round."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOUCH_EVERY_S = 2.0


class Liveness:
    """One per process, like its metrics. Before `shown` it does nothing, so libraries and tests need not care."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._touched_at = 0.0

    @contextmanager
    def shown(self, folder: Path, role: str) -> Iterator[None]:
        """Keeps `<folder>/alive-<role>` inside the block, and removes it at the end."""
        folder.mkdir(parents=True, exist_ok=True)
        path = self._path = folder / f"alive-{role}"
        path.touch()
        try:
            yield
        finally:
            self._path = None
            path.unlink(missing_ok=True)

    def made_progress(self) -> None:
        """Call it from the loop that the process is there for; it costs a clock reading most of the time."""
        now = time.monotonic()
        if self._path is not None and now - self._touched_at >= TOUCH_EVERY_S:
            self._path.touch()
            self._touched_at = now


liveness = Liveness()
