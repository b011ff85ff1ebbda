"""Starting and ending an observer process."""

from __future__ import annotations

import asyncio
import signal

from reconciler.observe import build_observer
from reconciler.settings import Settings
from workers.exposition import serve_metrics


def main(settings: Settings) -> int:
    """Observes until SIGTERM or SIGINT; the exit code. Raises ConfigurationError, StoreUnavailable at the start."""
    serve_metrics(settings)
    asyncio.run(_observe(settings))
    return 0


async def _observe(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await build_observer(settings).run(stop)
