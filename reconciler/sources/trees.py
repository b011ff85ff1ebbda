"""Git trees and files by object id: from memory, the local mirror, Redis, or fetched now.

A bundle in Redis is one tree with the small files it names, and nothing below: so a worker without a mirror, and
without Git, still reads any commit
that another worker has seen.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping

import msgspec

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import CommitId, TreeId
from reconciler.sources.credentials import Access
from reconciler.sources.mirror import Mirrors, tree_of
from reconciler.sources.paths import Entry
from reconciler.sources.rawtree import RawTree
from reconciler.store.blobs import Blobs

MEMORY_ENTRIES = 400_000
"""Names in all trees that one process remembers, some 200 bytes each."""

BUNDLED_FILE_BYTES = 256 * 1024
BUNDLE_BYTES = 4 * 1024**2
SINGLE_FILE_BYTES = 16 * 1024**2
BUNDLE_TTL_S = 7 * 24 * 3600.0
PUBLISHED = 200_000
"""Bundles that this process remembers to have published."""

PUBLISHED_AGAIN_S = 3600.0
"""Redis may have been emptied meanwhile."""

OPEN_BUNDLES = 8
"""Bundles kept open in memory: the files of one folder are read one after the other."""

_COMMIT, _TREE, _BLOB = 1, 2, 3


class Bundle(msgspec.Struct, frozen=True, array_like=True):
    """One tree as Git stores it, and the content of its small files by object id."""

    tree: bytes
    files: dict[str, bytes] = {}


class TreeStore:
    """Trees of all repositories for one process. Everything is kept per scope: see Access.scope."""

    def __init__(self, mirrors: Mirrors, blobs: Blobs | None) -> None:
        self._mirrors = mirrors
        self._blobs = blobs
        self._lock = threading.Lock()
        self._trees: OrderedDict[tuple[str, TreeId], Mapping[str, Entry]] = OrderedDict()
        self._names = 0
        self._published: OrderedDict[str, float] = OrderedDict()
        self._bundles: OrderedDict[str, Bundle] = OrderedDict()

    def root(self, access: Access, commit: CommitId) -> TreeId:
        """The root tree of a commit. Raises SourceUnavailable, SourceError (no such commit)."""
        found = self._mirrors.read(access.scope, commit)
        if found is None:
            cached = self._blobs.get(_commit_name(access.scope, commit)) if self._blobs else None
            if cached is not None:
                return TreeId(cached.decode("ascii"))
            self._mirrors.ensure(access, [commit])
            found = self._mirrors.read(access.scope, commit)
        if found is None or found[0] != _COMMIT:
            raise SourceError(f"{access.url}: {commit} is no commit")
        return tree_of(found[1])

    def entries(self, access: Access, commit: CommitId, tree: TreeId) -> Mapping[str, Entry]:
        key = (access.scope, tree)
        with self._lock:
            known = self._trees.get(key)
            if known is not None:
                self._trees.move_to_end(key)
                return known
        parsed = RawTree(self._tree_bytes(access, commit, tree))
        self._remember(key, parsed)
        return parsed

    def blob(self, access: Access, commit: CommitId, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        size = self._mirrors.size(access.scope, entry.oid)
        if size is not None and size > limit_bytes:
            return None
        found = self._mirrors.read(access.scope, entry.oid) if size is not None else None
        data = found[1] if found else self._cached_file(access.scope, entry.oid, parent)
        if data is None:
            data = self._fetched(access, commit, entry.oid)
        return data if len(data) <= limit_bytes else None

    def publish(self, access: Access, commit: CommitId, root: TreeId, trees: Iterable[TreeId]) -> None:
        """Puts a commit and some of its trees into Redis, each once per process. Raises StoreUnavailable."""
        if self._blobs is None:
            return
        for tree in trees:
            name = _tree_name(access.scope, tree)
            if self._is_new(name):
                self._publish_tree(access.scope, tree, name)
        name = _commit_name(access.scope, commit)
        if self._is_new(name):
            self._blobs.put(name, root.encode("ascii"), BUNDLE_TTL_S)

    def _publish_tree(self, scope: str, tree: TreeId, name: str) -> None:
        assert self._blobs is not None
        found = self._mirrors.read(scope, tree)
        if found is None:
            return
        files, room = {}, BUNDLE_BYTES - len(found[1])
        for entry in RawTree(found[1]).leaves():
            size = self._mirrors.size(scope, entry.oid)
            if size is None or size > SINGLE_FILE_BYTES:
                continue
            data = (self._mirrors.read(scope, entry.oid) or (_BLOB, b""))[1]
            if size <= min(BUNDLED_FILE_BYTES, room):
                files[str(entry.oid)] = data
                room -= size
            else:
                self._blobs.put(_file_name(scope, entry.oid), data, BUNDLE_TTL_S)
        self._blobs.put(name, msgspec.msgpack.encode(Bundle(found[1], files)), BUNDLE_TTL_S)

    def _tree_bytes(self, access: Access, commit: CommitId, tree: TreeId) -> bytes:
        found = self._mirrors.read(access.scope, tree)
        if found is not None:
            if found[0] != _TREE:
                raise SourceError(f"{access.url}: {tree} is no tree")
            return found[1]
        bundle = self._bundle(access.scope, tree)
        return bundle.tree if bundle else self._fetched(access, commit, tree)

    def _fetched(self, access: Access, commit: CommitId, oid: TreeId) -> bytes:
        self._mirrors.ensure(access, [commit])
        found = self._mirrors.read(access.scope, oid)
        if found is None:
            self._mirrors.repair(access, commit, oid)
            found = self._mirrors.read(access.scope, oid)
        if found is None:
            raise SourceUnavailable(f"{access.url}: object {oid} of commit {commit} cannot be read")
        return found[1]

    def _cached_file(self, scope: str, oid: TreeId, parent: TreeId) -> bytes | None:
        bundle = self._bundle(scope, parent)
        if bundle and oid in bundle.files:
            return _verified(bundle.files[oid], b"blob", oid)
        data = self._blobs.get(_file_name(scope, oid)) if self._blobs else None
        return _verified(data, b"blob", oid) if data is not None else None

    def _bundle(self, scope: str, tree: TreeId) -> Bundle | None:
        name = _tree_name(scope, tree)
        with self._lock:
            known = self._bundles.get(name)
        if known is not None:
            return known
        data = self._blobs.get(name) if self._blobs else None
        if data is None:
            return None
        bundle = msgspec.msgpack.decode(data, type=Bundle)
        if _verified(bundle.tree, b"tree", tree) is None:
            return None
        with self._lock:
            self._bundles[name] = bundle
            if len(self._bundles) > OPEN_BUNDLES:
                self._bundles.popitem(last=False)
        return bundle

    def _remember(self, key: tuple[str, TreeId], parsed: Mapping[str, Entry]) -> None:
        with self._lock:
            if key in self._trees:
                return
            self._trees[key] = parsed
            self._names += len(parsed) + 1
            while self._names > MEMORY_ENTRIES and len(self._trees) > 1:
                self._names -= len(self._trees.popitem(last=False)[1]) + 1

    def _is_new(self, name: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._published.get(name, -PUBLISHED_AGAIN_S) < PUBLISHED_AGAIN_S:
                return False
            self._published[name] = now
            if len(self._published) > PUBLISHED:
                self._published.popitem(last=False)
            return True


class TreeReader:
    """One commit of one repository, as one access may see it. Cheap to make, not for sharing between threads."""

    def __init__(self, store: TreeStore, access: Access, commit: CommitId) -> None:
        self._store = store
        self.access = access
        self.commit = commit
        self.root = store.root(access, commit)
        self._bundled: dict[TreeId, None] = {}

    def entries(self, tree: TreeId) -> Mapping[str, Entry]:
        """The names in a tree. Raises SourceUnavailable, SourceError."""
        self._bundled[tree] = None
        return self._store.entries(self.access, self.commit, tree)

    def blob(self, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        """A file's content; None when it is larger than the limit. Raises SourceUnavailable, SourceError."""
        return self._store.blob(self.access, self.commit, entry, parent, limit_bytes)

    def publish(self, trees: Iterable[TreeId] = ()) -> None:
        """Puts every tree that was looked at, and those named, into Redis for other workers. Raises
        StoreUnavailable.
        """
        self._store.publish(self.access, self.commit, self.root, [*self._bundled, *trees])


def _verified(data: bytes, kind: bytes, oid: TreeId) -> bytes | None:
    """The data when its name is the hash of its content; else nothing, as if it were not there."""
    digest = hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data, usedforsecurity=False).hexdigest()
    return data if digest == oid else None


def _tree_name(scope: str, tree: TreeId) -> str:
    """tree:<scope>:<oid> → a Bundle."""
    return f"tree:{scope}:{tree}"


def _file_name(scope: str, oid: TreeId) -> str:
    """file:<scope>:<oid> → the content of one file too large for its bundle."""
    return f"file:{scope}:{oid}"


def _commit_name(scope: str, commit: CommitId) -> str:
    """commit:<scope>:<oid> → the id of its root tree."""
    return f"commit:{scope}:{commit}"
