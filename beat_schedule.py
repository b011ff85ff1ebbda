"""Celery beat's scheduler: sends one message for every entry of the due set that is due.

`celery -A ... beat -S beat_schedule:DueScheduler`, or `reconciler beat`. Any number may run at once.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.beat import Scheduler

from reconciler.errors import StoreUnavailable
from reconciler.liveness import liveness
from reconciler.queue import Dispatcher
from reconciler.settings import Settings
from reconciler.store.client import connect, require_noeviction
from reconciler.store.due import DueSet, Limits
from reconciler.store.heartbeat import Heartbeat
from reconciler.store.keys import Keys
from reconciler.store.queues import Queues
from reconciler.store.sealing import Keyring

LONGEST_WAIT_S = 1.0
"""Delayed entries become due without a wake-up, so beat looks at least this often."""

log = structlog.get_logger()


def dispatcher(settings: Settings) -> Dispatcher:
    """What beat needs of the store. Raises ConfigurationError; StoreUnavailable when Redis does not answer."""
    client, keys = connect(settings.redis_url.get_secret_value()), Keys.of(settings)
    require_noeviction(client)
    # Not started: beat holds no lease, and the drain notices a wiped server by itself.
    due = DueSet(client, keys, Heartbeat(client, keys, settings.heartbeat_ttl_s), Limits.of(settings))
    keyring = Keyring.parse(settings.root_key.get_secret_value())
    return Dispatcher(due, Queues(client, keys), keyring, time.time, settings.hot_clusters)


class DueScheduler(Scheduler):
    """Replaces beat's schedule: what is due stands in Redis, and one drain finds it however many entries there are."""

    def __init__(self, *args: Any, dispatcher: Dispatcher | None = None, **kwargs: Any) -> None:
        self._given = dispatcher
        self._dispatcher: Dispatcher | None = None
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Beat's own entries are not used."""
        self._dispatcher = self._given or dispatcher(Settings())

    def tick(self, *_: Any, **__: Any) -> float:
        """Sends what is due, then waits for more, a second at most; returns how long beat should sleep on top."""
        liveness.made_progress()
        if self._dispatcher is None:
            return LONGEST_WAIT_S
        try:
            self._dispatcher.dispatch()
            self._dispatcher.due.wait(LONGEST_WAIT_S)
        except StoreUnavailable as error:
            log.warning("beat waits for redis", reason=str(error))
            return LONGEST_WAIT_S
        return 0.0

    def should_sync(self) -> bool:
        """Never: nothing is kept in a file."""
        return False

    def close(self) -> None:
        """Nothing to keep."""
