"""Unpacked archives by what they are: the last ones in memory, all of them sealed in Redis for other workers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from reconciler.sources.charts.alone import Alone
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

    def __init__(self, blobs: Blobs | None, patience_s: float) -> None:
        """`patience_s`: how long another's fetch is waited for."""
        self._blobs, self._patience_s = blobs, patience_s
        self._lock = threading.Lock()
        self._alone = Alone()
        self._trees: OrderedDict[str, ArchiveTree] = OrderedDict()
        self._bytes = 0

    def tree(self, name: str, what: str, source: str, fetch: Unpack) -> ArchiveTree:
        """The archive of this name, which says all that its content depends on. `source` is where it is fetched from.

        Raises what `fetch` raises, and SourceUnavailable when another's fetch does not end.
        """
        with self._alone.held(name, f"{source}: {what}", self._patience_s):
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


def _archive_name(name: str) -> str:
    """archive:<scope>:<what it is> → the files of an unpacked archive."""
    return f"archive:{name}"
