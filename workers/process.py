"""Starting and ending a worker process or a beat process; each runs until SIGTERM or until it is of no more use."""

from __future__ import annotations

import functools
import signal
import socket
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from celery import signals
from celery.beat import Service
from celery.exceptions import SecurityWarning

from beat_schedule import DueScheduler, dispatcher
from reconciler.models.keys import LANES, EntryKind, Lane
from reconciler.settings import Settings
from reconciler.sharding import queue_names
from reconciler.store.due import DueSet, Request
from reconciler.store.epoch import Epoch
from reconciler.store.queues import Queues
from reconciler.store.sealing import Keyring
from workers.app import celery_app
from workers.order import prefer
from workers.tasks import Door, Pass, register
from workers.watchdog import Patience, Rebuilder, Watchdog

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker process needs: its hold on the store, one pass for each kind of entry, and the way to find all."""

    due: DueSet
    epoch: Epoch
    queues: Queues
    keyring: Keyring
    passes: Mapping[EntryKind, Pass]
    everything: Callable[[], Iterable[Request]]


def run_worker(
    settings: Settings, parts: Parts, *, lanes: Iterable[Lane] = LANES, patience: Patience | None = None
) -> int:
    """Works until SIGTERM, then lets running passes end; the exit code, which is not 0 when a thread was wedged."""
    _leave_logging_alone()
    names = [name for lane in lanes for name in queue_names(lane, settings.shards)]
    door = Door(parts.due, parts.keyring, parts.passes)
    app = celery_app(settings)
    register(app, door)
    host = f"{parts.due.heartbeat.state.worker}@{socket.gethostname()}"
    prefer(host, settings.shards)
    worker = app.Worker(hostname=host, queues=names, without_gossip=True, without_mingle=True, quiet=True)
    watching = Watchdog(parts.due.leases, door.progress, functools.partial(parts.queues.lengths, names), patience)
    rebuilding = Rebuilder(parts.epoch, parts.everything)
    parts.due.heartbeat.start()
    watching.start()
    rebuilding.start()
    try:
        worker.start()
    finally:
        rebuilding.stop()
        watching.stop()
        parts.due.heartbeat.stop()
    return int(worker.exitcode or 0)


def run_beat(settings: Settings) -> int:
    """Sends what is due until SIGTERM or SIGINT; the exit code."""
    _leave_logging_alone()
    scheduler = functools.partial(DueScheduler, dispatcher=dispatcher(settings))
    service = Service(celery_app(settings), scheduler_cls=scheduler)

    def end(*_: Any) -> None:
        service.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    service.start()
    return 0


def _leave_logging_alone() -> None:
    # Celery warns of root because of pickled messages; ours are JSON, signed, and name an entry only.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    # Celery configures the root logger of a process unless somebody answers this signal.
    signals.setup_logging.connect(_configured, weak=False)


def _configured(**_: Any) -> None:
    """Logging is configured by whoever starts the process."""
