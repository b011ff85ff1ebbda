"""A plain folder, or a bare repository on this disk, read like a commit: for rendering without a Git server."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from hashlib import sha1
from pathlib import Path
from typing import TypeVar

import pygit2
from pygit2.enums import RepositoryOpenFlag

from reconciler.errors import SourceError
from reconciler.models.keys import CommitId, TreeId
from reconciler.sources.paths import DIR, EXECUTABLE, FILE, SYMLINK, Entry, Tree
from reconciler.sources.rawtree import RawTree
from reconciler.sources.refs import Refs, resolve

Object = TypeVar("Object", pygit2.Commit, pygit2.Tree, pygit2.Blob)


class FolderTree:
    """The files below a folder as they lie there, `.git` left out. Object ids are made from paths and times, so a
    change shows.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: dict[TreeId, Path] = {}
        self.root = self._named(folder)

    def entries(self, tree: TreeId) -> Mapping[str, Entry]:
        """The names in a folder. Raises SourceError when it cannot be read."""
        folder = self._paths[tree]
        try:
            with os.scandir(folder) as found:
                return {item.name: self._entry(item) for item in found if item.name != ".git" and _is_served(item)}
        except OSError as error:
            raise SourceError(f"{folder.relative_to(self._folder)}: cannot be listed: {error.strerror}") from error

    def blob(self, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        """A file's content, a link's target; None when it is larger than the limit. Raises SourceError."""
        del parent
        path = self._paths[entry.oid]
        try:
            if entry.type == "symlink":
                return os.fsencode(os.readlink(path))
            return path.read_bytes() if path.stat().st_size <= limit_bytes else None
        except OSError as error:
            raise SourceError(f"{path.relative_to(self._folder)}: cannot be read: {error.strerror}") from error

    def publish(self) -> None:
        """Nobody else reads this folder."""

    def _entry(self, item: os.DirEntry[str]) -> Entry:
        status = item.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            mode = DIR
        elif stat.S_ISLNK(status.st_mode):
            mode = SYMLINK
        else:
            mode = EXECUTABLE if status.st_mode & stat.S_IXUSR else FILE
        return Entry(mode, self._named(Path(item.path)))

    def _named(self, path: Path) -> TreeId:
        status = path.lstat()
        text = f"{path}\0{status.st_mtime_ns}\0{status.st_size}"
        name = TreeId(sha1(os.fsencode(text), usedforsecurity=False).hexdigest())
        self._paths[name] = path
        return name


class RepositoryTree:
    """One commit of a repository on this disk."""

    def __init__(self, repository: pygit2.Repository, commit: CommitId) -> None:
        self._repository = repository
        self.commit = commit
        self.root = TreeId(str(self._object(commit, pygit2.Commit).tree_id))

    def entries(self, tree: TreeId) -> Mapping[str, Entry]:
        """The names in a tree. Raises SourceError."""
        return RawTree(self._object(tree, pygit2.Tree).read_raw())

    def blob(self, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        """A file's content; None when it is larger than the limit. Raises SourceError."""
        del parent
        blob = self._object(entry.oid, pygit2.Blob)
        return bytes(blob.data) if blob.size <= limit_bytes else None

    def publish(self) -> None:
        """Nobody else reads this repository."""

    def _object(self, oid: str, kind: type[Object]) -> Object:
        found = self._repository.get(oid)
        if not isinstance(found, kind):
            raise SourceError(f"the repository has no {kind.__name__.lower()} {oid}")
        return found


def open_folder(folder: Path, target_revision: str) -> tuple[Tree, CommitId | None]:
    """A bare repository at the revision, any other folder as it lies there (commit None). Raises SourceError."""
    if not folder.is_dir():
        raise SourceError(f"{folder.name}: there is no such folder")
    try:
        repository = pygit2.Repository(str(folder), RepositoryOpenFlag.NO_SEARCH)
    except (pygit2.GitError, KeyError):
        return FolderTree(folder), None
    if not repository.is_bare:
        return FolderTree(folder), None
    commit = resolve(_refs(repository), target_revision).commit
    return RepositoryTree(repository, commit), commit


def _refs(repository: pygit2.Repository) -> Refs:
    heads = {
        name: CommitId(str(repository.references[name].peel(pygit2.Commit).id))
        for name in repository.references
        if name.startswith(("refs/heads/", "refs/tags/"))
    }
    if not repository.head_is_unborn:
        heads["HEAD"] = CommitId(str(repository.head.peel(pygit2.Commit).id))
    return Refs(heads)


def _is_served(item: os.DirEntry[str]) -> bool:
    """Sockets, pipes and devices have no place in a repository."""
    return item.is_symlink() or item.is_file() or item.is_dir()
