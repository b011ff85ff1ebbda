"""Bare mirrors on the local disk: the trees of the commits that somebody asked for, without their history.

A commit that exists in a mirror is complete. The folder may be emptied, damaged or shared by several processes at any
time.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import struct
import tempfile
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType, RepositoryOpenFlag

from reconciler import metrics
from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import CommitId, TreeId
from reconciler.sources import libgit
from reconciler.sources.credentials import Access
from reconciler.sources.pack import PackReader, index, object_count
from reconciler.sources.smart import OldProtocol, SmartHttp
from reconciler.sources.transport import Timeouts

HELD_COMMITS = 64
"""How many of its newest commits a mirror tells a server about."""

_COMMIT = int(ObjectType.COMMIT)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one repository may cost."""

    pack_bytes: int = 2 * 1024**3
    objects: int = 1_000_000
    loose_objects: int = 2_000
    """Packs of more objects are indexed, smaller ones unpacked."""

    stale_objects: int = 30_000
    """Loose objects after which a mirror is fetched anew, since nothing collects what is no longer used."""


class Mirrors:
    """All mirrors of one data folder. Thread-safe; fetches of one repository are done one at a time on this machine."""

    def __init__(
        self,
        data_dir: Path,
        smart: SmartHttp,
        timeouts: Timeouts,
        limits: Limits | None = None,
        enter: Callable[[Access], Access] = lambda access: access,
    ) -> None:
        """`enter` gives an access its token before a fetch."""
        self._root = data_dir / "mirrors"
        self._smart = smart
        self._timeouts = timeouts
        self._limits = limits or Limits()
        self._enter = enter
        self._opened = threading.local()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def read(self, scope: str, oid: str) -> tuple[int, bytes] | None:
        """Kind (as Git numbers it) and content of an object; None when this mirror does not have it whole."""
        for again in (False, True):
            repository = self._open(scope, again=again)
            try:
                if repository is not None:
                    kind, data = repository.odb.read(oid)
                    return int(kind), data
            except (KeyError, pygit2.GitError):
                continue
        return None

    def size(self, scope: str, oid: str) -> int | None:
        """An object's length in bytes, without reading it; None when it is not here."""
        repository = self._open(scope)
        try:
            return None if repository is None else int(repository.odb.read_header(oid)[1])
        except (KeyError, pygit2.GitError):
            return None

    def ensure(self, access: Access, commits: Iterable[CommitId]) -> None:
        """Fetches the commits that are not here. Raises SourceUnavailable, SourceError (a commit that the
        repository lacks).
        """
        wanted = sorted(set(commits))
        if not self._missing(access, wanted):
            return
        with self._exclusively(access):
            missing = self._missing(access, wanted)
            if missing:
                self._fetch(access, missing)
            damaged = self._missing(access, wanted)
            if damaged:
                # The server sent them, and they cannot be read: what lies on the disk under their names is broken.
                shutil.rmtree(self._folder(access.scope), ignore_errors=True)
                self._fetch(access, wanted)
            absent = self._missing(access, wanted) if damaged else ()
            if absent:
                raise SourceError(f"{access.url} has no commit {absent[0]}; was it removed by a forced push?")

    def repair(self, access: Access, commit: CommitId, oid: str) -> None:
        """Fetches a mirror anew when an object is damaged or missing though its commit is here. Raises as `ensure`
        does.
        """
        with self._exclusively(access):
            if self.read(access.scope, oid) is None:
                shutil.rmtree(self._folder(access.scope), ignore_errors=True)
                self._fetch(access, [commit])

    def _missing(self, access: Access, commits: Sequence[CommitId]) -> list[CommitId]:
        return [commit for commit in commits if (self.read(access.scope, commit) or (0, b""))[0] != _COMMIT]

    def _fetch(self, access: Access, commits: Sequence[CommitId]) -> None:
        metrics.git_request_total.labels(access.url, "fetch").inc()
        with metrics.git_fetch_fail_total.labels(access.url).count_exceptions():
            self._fetch_uncounted(self._enter(access), commits)

    def _fetch_uncounted(self, access: Access, commits: Sequence[CommitId]) -> None:
        if access.address.scheme == "ssh":
            return self._fetch_by_libgit(access, commits)
        try:
            self._fetch_by_http(access, commits)
        except OldProtocol:
            self._fetch_by_libgit(access, commits)
        return None

    def _fetch_by_libgit(self, access: Access, commits: Sequence[CommitId]) -> None:
        callbacks = libgit.Callbacks(access, self._timeouts.fetch_s, self._limits.pack_bytes)
        libgit.fetch(self._created(access.scope), access, commits, callbacks)

    def _fetch_by_http(self, access: Access, commits: Sequence[CommitId]) -> None:
        repository = self._created(access.scope)
        folder = Path(repository.path, "objects", "pack")
        folder.mkdir(exist_ok=True)
        for left_over in folder.glob("tmp_*"):
            # Of a process that was killed: whoever fetches into this mirror is alone.
            left_over.unlink(missing_ok=True)
        held = _held(repository)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="tmp_") as file:
            with self._smart.fetch(access, commits, held, limit_bytes=self._limits.pack_bytes) as chunks:
                for chunk in chunks:
                    file.write(chunk)
            file.flush()
            try:
                self._store(repository, file.name)
            except (IndexError, KeyError, ValueError, zlib.error, struct.error) as error:
                raise SourceError(f"{access.url}: the Git server sent a damaged pack") from error
        _hold(repository, [*held, *commits])

    def _store(self, repository: pygit2.Repository, path: str) -> None:
        with open(path, "rb") as file:
            # Never closed by hand: the traceback of a damaged pack still holds views of it.
            pack = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        count = object_count(pack)
        if count > self._limits.objects:
            raise SourceError(f"the repository holds {count} objects; more than {self._limits.objects} are not read")
        if count <= self._limits.loose_objects or not _install(repository, pack, path):
            _unpack(repository, pack)

    def _open(self, scope: str, *, again: bool = False) -> pygit2.Repository | None:
        # libgit2 wants one repository handle per thread.
        known: dict[str, pygit2.Repository] = self._opened.__dict__.setdefault("known", {})
        if again:
            known.pop(scope, None)
        if scope not in known:
            flags = RepositoryOpenFlag.NO_SEARCH | RepositoryOpenFlag.BARE
            try:
                known[scope] = pygit2.Repository(str(self._folder(scope)), flags)
            except (pygit2.GitError, KeyError):
                return None
        return known[scope]

    def _created(self, scope: str) -> pygit2.Repository:
        folder = self._folder(scope)
        if _loose_count(folder) > self._limits.stale_objects:
            shutil.rmtree(folder, ignore_errors=True)
        repository = self._open(scope, again=True)
        if repository is None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700, parents=True)
            pygit2.init_repository(str(folder), bare=True)
            repository = self._open(scope, again=True)
        if repository is None:
            raise SourceUnavailable("the data folder cannot be written; look at its rights and free space")
        return repository

    def _folder(self, scope: str) -> Path:
        return self._root / scope

    @contextmanager
    def _exclusively(self, access: Access) -> Iterator[None]:
        """One fetch per repository at a time, in this process and among those that share the data folder."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        end = time.monotonic() + self._timeouts.fetch_s
        lock = self._locks[access.scope]
        if not lock.acquire(timeout=self._timeouts.fetch_s):
            raise SourceUnavailable(f"{access.url}: another fetch of it has not ended in time")
        try:
            with open(self._root / f"{access.scope}.lock", "wb") as file:
                _flock(file.fileno(), access, end)
                yield
        finally:
            lock.release()


def _flock(descriptor: int, access: Access, end: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise SourceUnavailable(f"{access.url}: another process has not ended its fetch in time") from None
            time.sleep(0.02)


class _Bases:
    """Objects of the mirror that a pack builds on; `used` tells whether it did."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self.used = False

    def __call__(self, oid: bytes) -> tuple[int, bytes] | None:
        self.used = True
        try:
            kind, data = self._repository.odb.read(pygit2.Oid(raw=oid))
        except KeyError:
            return None
        return int(kind), data


def _unpack(repository: pygit2.Repository, pack: memoryview) -> None:
    """Writes the objects of a pack one by one, commits last: one that exists must be complete."""
    commits = []
    for found in PackReader(pack, _Bases(repository)).objects():
        if found.kind == _COMMIT:
            commits.append(found.data)
        else:
            repository.odb.write(found.kind, found.data)
    for data in commits:
        repository.odb.write(_COMMIT, data)


def _install(repository: pygit2.Repository, pack: memoryview, path: str) -> bool:
    """Gives a pack its name and its index; False when it builds on objects outside and so cannot stand alone.

    The index is what makes a pack visible, so it comes last.
    """
    bases = _Bases(repository)
    rows = [(found.oid, found.entry.offset, found.entry.end) for found in PackReader(pack, bases).objects()]
    if bases.used:
        return False
    stem = Path(path).with_name(f"pack-{bytes(pack[-20:]).hex()}")
    part = stem.with_suffix(".part")
    part.write_bytes(index(pack, rows))
    if not stem.with_suffix(".pack").exists():
        os.link(path, stem.with_suffix(".pack"))
    part.rename(stem.with_suffix(".idx"))
    return True


def _held(repository: pygit2.Repository) -> list[CommitId]:
    """The commits that this mirror has whole, oldest first; they stand in Git's own file of commits without parents."""
    try:
        lines = Path(repository.path, "shallow").read_text().split()
    except OSError:
        return []
    return [CommitId(line) for line in lines if _is_whole(repository, line)]


def _is_whole(repository: pygit2.Repository, oid: str) -> bool:
    try:
        return int(repository.odb.read(oid)[0]) == _COMMIT
    except (KeyError, ValueError, pygit2.GitError):
        return False


def _hold(repository: pygit2.Repository, commits: Sequence[CommitId]) -> None:
    kept = list(dict.fromkeys(commits))[-HELD_COMMITS:]
    part = Path(repository.path, "shallow.part")
    part.write_text("".join(f"{commit}\n" for commit in kept))
    part.rename(Path(repository.path, "shallow"))


def _loose_count(folder: Path) -> int:
    """Roughly how many loose objects there are: those of one of 256 equal parts, as git itself guesses."""
    try:
        return 256 * len(os.listdir(folder / "objects" / "17"))
    except OSError:
        return 0


def tree_of(commit: bytes) -> TreeId:
    """The root tree that a commit's content names. Raises SourceError."""
    if not commit.startswith(b"tree ") or len(commit) < 45:
        raise SourceError("the commit is damaged: it names no tree")
    return TreeId(commit[5:45].decode("ascii", "replace"))
