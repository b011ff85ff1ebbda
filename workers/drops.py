"""Messages that are dropped: counted and logged by reason, never with their body."""

from __future__ import annotations

import structlog
from prometheus_client import Counter

DROPPED = Counter("reconciler_messages_dropped", "Messages that were dropped before anything was done.", ["why"])

log = structlog.get_logger()


def drop(why: str, queue: str) -> None:
    """Counts one dropped message. A body may hold anything, so nothing of it goes into a log."""
    DROPPED.labels(why).inc()
    log.warning("message dropped", why=why, queue=queue)
