"""Unpacked archives by what they are: the last ones in memory, all of them sealed in Redis for other workers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from reconciler.sources.charts.archive import Member
from reconciler.sources.charts.archivetree import ArchiveTree
from reconciler.store.blobs import Blobs

MEMORY_BYTES = 96 * 1024**2
TTL_S = 7 * 24 * 3600.0

Unpack = Callable[[], tuple[Member, ...]]


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    files: list[tuple[str, int, bytes]]


class Shelf:
    """Thread-safe; of several that want the same archive at once, one fetches it. `blobs` None: memory only."""

    def __init__(self, blobs: Blobs | None) -> None:
        self._blobs = blobs
        self._lock = threading.Lock()
        self._taken: dict[str, tuple[threading.Lock, int]] = {}
        self._trees: OrderedDict[str, ArchiveTree] = OrderedDict()
        self._bytes = 0

    def tree(self, name: str, what: str, fetch: Unpack) -> ArchiveTree:
        """The archive of this name, which says all that its content depends on. Raises what `fetch` raises."""
        with self._alone(name):
            with self._lock:
                if known := self._trees.get(name):
                    self._trees.move_to_end(name)
                    return known
            members = self._shared(name)
            if members is None:
                members = fetch()
                self._share(name, members)
            tree = ArchiveTree(members, what)
            self._remember(name, tree)
            return tree

    def _shared(self, name: str) -> tuple[Member, ...] | None:
        data = self._blobs.get(_archive_name(name)) if self._blobs else None
        return tuple(Member(*row) for row in msgspec.msgpack.decode(data, type=_Packed).files) if data else None

    def _share(self, name: str, members: tuple[Member, ...]) -> None:
        if self._blobs:
            packed = _Packed([(member.path, member.mode, member.content) for member in members])
            self._blobs.put(_archive_name(name), msgspec.msgpack.encode(packed), TTL_S)

    def _remember(self, name: str, tree: ArchiveTree) -> None:
        with self._lock:
            self._trees[name] = tree
            self._bytes += tree.size_bytes
            while self._bytes > MEMORY_BYTES and len(self._trees) > 1:
                self._bytes -= self._trees.popitem(last=False)[1].size_bytes

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        with self._lock:
            lock, count = self._taken.get(name, (threading.Lock(), 0))
            self._taken[name] = (lock, count + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                _, count = self._taken[name]
                self._taken[name] = (lock, count - 1)
                if count == 1:
                    del self._taken[name]


def _archive_name(name: str) -> str:
    """archive:<scope>:<what it is> → the files of an unpacked archive."""
    return f"archive:{name}"
