"""The order in which a worker looks at its queues: a person first, then the shards that it prefers.

kombu builds the class by its dotted path and without arguments, once for each channel, so the preference comes from
the module: a process is one worker.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.models.keys import LANES, Lane
from reconciler.sharding import preference

FAIR_EVERY = 8
"""Every eighth look begins with the timer lane, so that a stream of pushes cannot starve it."""

_preferred: dict[Lane, tuple[str, ...]] = {}


def prefer(worker: str, shards: int) -> None:
    """Sets this process' own order of shards. Call it before the worker starts."""
    _preferred.update({lane: preference(worker, lane, shards) for lane in LANES})


class QueueOrder:
    """kombu's `queue_order_strategy`: gives the queues for one look, most wanted first."""

    def __init__(self) -> None:
        self._looks = 0
        self._usual: list[str] = []
        self._fair: list[str] = []

    def update(self, queues: Iterable[str]) -> None:
        """The queues that are read from now on."""
        read = list(queues)
        self._usual = self._sorted(read, LANES)
        self._fair = self._sorted(read, ("timer", "person", "push"))

    def consume(self, count: int) -> list[str]:
        """The next look's queues, at most `count`."""
        self._looks += 1
        return (self._usual if self._looks % FAIR_EVERY else self._fair)[:count]

    def rotate(self, last_used: str) -> None:
        """Nothing: taking turns is the due set's business."""

    @staticmethod
    def _sorted(read: list[str], lanes: Iterable[Lane]) -> list[str]:
        ordered = [name for lane in lanes for name in _preferred.get(lane, ()) if name in read]
        return ordered + [name for name in read if name not in ordered]
