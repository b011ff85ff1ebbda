"""Trees as values, and the walk from a path to what lies there: links are followed inside the repository only."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from reconciler.models.keys import TreeId

DIR, FILE, EXECUTABLE, SYMLINK, SUBMODULE = 0o040000, 0o100644, 0o100755, 0o120000, 0o160000
MAX_HOPS = 40
MAX_PATH_CHARS = 4096
LINK_LIMIT_BYTES = 4096

MODULES_FILE = ".gitmodules"
GITLINK = "gitlink:"
"""Starts the id of a folder that is a submodule's root: see sources.submodules."""

EntryType = Literal["file", "dir", "symlink", "submodule"]


class Entry(NamedTuple):
    """One name in a tree: Git's mode and the object it names."""

    mode: int
    oid: TreeId

    @property
    def type(self) -> EntryType:
        return _TYPES.get(self.mode & 0o170000, "file")


_TYPES: Mapping[int, EntryType] = {DIR: "dir", SYMLINK: "symlink", SUBMODULE: "submodule"}


class Tree(Protocol):
    """A commit's content, from Git objects or from a folder."""

    root: TreeId

    def entries(self, tree: TreeId) -> Mapping[str, Entry]:
        """The names in a tree. Raises SourceUnavailable, SourceError."""

    def blob(self, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        """A file's content; None when it is larger. `parent` is the tree it was found in. Raises SourceUnavailable,
        SourceError.
        """

    def publish(self) -> None:
        """Shares what was read with other workers, where there are any. Raises StoreUnavailable."""


class Hop(NamedTuple):
    """A symbolic link that was followed on the way, or what names a submodule that was entered."""

    path: str
    oid: TreeId


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at a path: `path` is where it really is, `parent` the tree that names it (the root names itself)."""

    path: str
    entry: Entry
    parent: TreeId
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Lost:
    """There is nothing, and why. `path` is the first missing name on the way, or the link that leads out or round."""

    why: Literal["missing", "escapes"]
    path: str
    hops: tuple[Hop, ...] = ()


def clean_path(path: str) -> str | None:
    """A path relative to the root without `.` parts, "" for the root; None when it is absolute, climbs out or
    cannot be a path.
    """
    if len(path) > MAX_PATH_CHARS or "\0" in path or path.startswith("/"):
        return None
    clean = posixpath.normpath(path) if path else "."
    if clean == ".." or clean.startswith("../"):
        return None
    return "" if clean == "." else clean


class Walker:
    """Finds paths in one tree and remembers the folders it passed."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._root = Found("", Entry(DIR, tree.root), tree.root)
        self._folders: dict[str, Found | Lost] = {"": self._root}

    def find(self, path: str) -> Found | Lost:
        """What lies at a path, links followed to their end. Raises SourceUnavailable, SourceError."""
        clean = clean_path(path)
        return Lost("escapes", path[:200]) if clean is None else self._find(clean, ())

    def _find(self, path: str, hops: tuple[Hop, ...]) -> Found | Lost:
        known = self._folders.get(path)
        if known is not None:
            return _with_hops(known, hops)
        parent_path, _, name = path.rpartition("/")
        parent = self._find(parent_path, hops)
        if isinstance(parent, Lost):
            return parent
        if parent.entry.type != "dir":
            return Lost("missing", path, parent.hops)
        found = self._child(parent, name)
        if not hops and (isinstance(found, Lost) or found.entry.type == "dir"):
            self._folders[path] = found
        return found

    def _child(self, parent: Found, name: str) -> Found | Lost:
        path = f"{parent.path}/{name}" if parent.path else name
        entry = self._tree.entries(parent.entry.oid).get(name)
        if entry is None:
            return Lost("missing", path, parent.hops)
        hops = parent.hops
        if entry.oid.startswith(GITLINK):
            # A commit that moves the submodule changes these two paths, and none below them.
            hops = (*hops, Hop(path, entry.oid), Hop(MODULES_FILE, entry.oid))
        found = Found(path, entry, parent.entry.oid, hops)
        return self._followed(found) if entry.type == "symlink" else found

    def _followed(self, link: Found) -> Found | Lost:
        hops = (*link.hops, Hop(link.path, link.entry.oid))
        target = self._tree.blob(link.entry, link.parent, LINK_LIMIT_BYTES)
        text = (target or b"\0").decode("utf-8", "surrogateescape")
        absolute = text.startswith("/")
        clean = None if absolute else clean_path(posixpath.join(posixpath.dirname(link.path), text))
        if clean is None or len(hops) > MAX_HOPS:
            return Lost("escapes", link.path, hops)
        return self._find(clean, hops)


def _with_hops(known: Found | Lost, hops: tuple[Hop, ...]) -> Found | Lost:
    if not hops:
        return known
    joined = (*hops, *known.hops)
    if isinstance(known, Lost):
        return Lost(known.why, known.path, joined)
    return Found(known.path, known.entry, known.parent, joined)
