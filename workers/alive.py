"""Shows probes that a process makes progress: a file whose time moves while its threads do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOUCH_EVERY_S = 5.0


@contextmanager
def keep_alive(folder: Path, role: str) -> Iterator[None]:
    """Touches `<folder>/alive-<role>` every few seconds inside the block, and removes it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    path, stop = folder / f"alive-{role}", threading.Event()

    def touch() -> None:
        path.touch()
        while not stop.wait(TOUCH_EVERY_S):
            path.touch()

    thread = threading.Thread(target=touch, name="alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        path.unlink(missing_ok=True)
