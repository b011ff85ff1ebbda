"""Placement without state: which queue an entry goes to, and in which order a worker looks at the queues. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from xxhash import xxh3_64_intdigest

from reconciler.models.keys import EntryKey, Lane


def ranked(name: str, candidates: Iterable[str]) -> list[str]:
    """Candidates by rendezvous hashing, the best for `name` first; taking one away moves only what was on it."""
    return sorted(candidates, key=lambda candidate: (-_weight(name, candidate), candidate))


@lru_cache(maxsize=65536)
def shard_of(name: str, shards: int) -> int:
    """The shard of `name` among `shards` of them."""
    return max(range(shards), key=lambda shard: _weight(name, str(shard)))


def queue_names(lane: Lane, shards: int) -> tuple[str, ...]:
    """All queues of one lane. A person's lane is one queue: it is short, and any worker may take it next."""
    return (lane,) if lane == "person" else tuple(f"{lane}.{shard}" for shard in range(shards))


def queue_of(lane: Lane, place: str, entry: EntryKey, *, shards: int, hot: Sequence[str] = ()) -> str:
    """The queue of `entry`: by its place, so that connections stay warm; by itself too where the place is hot."""
    if lane == "person":
        return lane
    name = f"{place}\0{entry}" if place in hot else place
    return f"{lane}.{shard_of(name, shards)}"


def preference(worker: str, lane: Lane, shards: int) -> tuple[str, ...]:
    """Queues of a lane in this worker's own order: each worker has other favourites, and reads all."""
    return tuple(ranked(worker, queue_names(lane, shards)))


def _weight(name: str, candidate: str) -> int:
    return xxh3_64_intdigest(f"{name}\0{candidate}".encode())
