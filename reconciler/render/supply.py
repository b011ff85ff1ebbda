"""All that one request may ask its parent for: the source's own repository, and what lies elsewhere.

A file is named by a mount and a path in it. Mount "" is the source's own repository; another is what a question opened.
Whoever renders says how something elsewhere is opened (`World`), and whether it may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.errors import SpecError
from reconciler.render.protocol import Facts, FileRefused, FileServer, Mounted, NoFacts, PathMissing, Remote
from reconciler.render.readset import ReadLog, RecordedFiles, Sight
from reconciler.sources.paths import Tree


@dataclass(frozen=True, slots=True)
class Opened:
    """Something elsewhere, at one commit or version. `name` is the same for what moves and stands together; `log`
    collects for the read index what is read of it; `path` is where in the tree the question pointed.
    """

    name: str
    tree: Tree
    log: ReadLog
    path: str = ""


class World(Protocol):
    """Opens what lies elsewhere."""

    def open(self, remote: Remote) -> Opened:
        """Raises SourceError, SpecError for what may not be had or does not exist, SourceUnavailable."""


class Nowhere:
    """There is nothing elsewhere."""

    def open(self, remote: Remote) -> Opened:
        raise FileRefused("nothing is fetched here", path=remote.url)


@dataclass(frozen=True, slots=True)
class Mount:
    """What was opened, by which question, and what this request read of it."""

    remote: Remote
    opened: Opened
    read: ReadLog
    files: FileServer


class Supply:
    """The parent's side of one request's mounts, and of what it may ask about the cluster."""

    def __init__(
        self, own: FileServer, world: World | None = None, facts: Facts | None = None, *, file_limit_bytes: int = 0
    ) -> None:
        self._own, self._world, self._limit = own, world or Nowhere(), file_limit_bytes
        self.facts = facts or NoFacts()
        self._mounts: dict[str, Mount] = {}

    @property
    def mounts(self) -> Mapping[str, Mount]:
        return self._mounts

    def at(self, mount: str) -> FileServer:
        """The files of a mount. Raises PathMissing for one that was never opened."""
        if not mount:
            return self._own
        if mount not in self._mounts:
            raise PathMissing(f"there is no mount {mount!r}", path=mount)
        return self._mounts[mount].files

    def fetch(self, remote: Remote) -> Mounted:
        """Where what was asked for can be read now. Raises FileRefused, SourceUnavailable."""
        try:
            opened = self._world.open(remote)
        except FileRefused:
            raise
        except SpecError as error:
            raise FileRefused(str(error), path="") from error
        if opened.name not in self._mounts:
            read = ReadLog(opened.log.repo, opened.log.binding)
            files = RecordedFiles(Sight(opened.tree), read, file_limit_bytes=self._limit)
            self._mounts[opened.name] = Mount(remote, opened, read, files)
        return Mounted(opened.name, opened.path)

    def publish(self) -> None:
        """Shares what was read of trees elsewhere with other workers. Raises StoreUnavailable."""
        for mount in self._mounts.values():
            mount.opened.tree.publish()

    def note(self) -> None:
        """Hands on what was read, to whoever opened it."""
        for mount in self._mounts.values():
            mount.opened.log.add(mount.read.reads)
