"""An unpacked archive as a tree like a commit's, with Git's own names for its folders and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha1

from reconciler.errors import SourceError
from reconciler.models.keys import TreeId
from reconciler.sources.charts.archive import Member
from reconciler.sources.paths import DIR, Entry

MAX_DEPTH = 100


class ArchiveTree:
    """Immutable, so threads may share it. `size_bytes` is about what it takes in memory."""

    def __init__(self, members: Iterable[Member], what: str) -> None:
        """Raises SourceError for paths that cannot all be true."""
        self._trees: dict[TreeId, Mapping[str, Entry]] = {}
        self._files: dict[TreeId, bytes] = {}
        folders: dict[str, dict[str, Entry]] = {"": {}}
        for member in members:
            oid = git_name(b"blob", member.content)
            self._files[oid] = member.content
            folder, _, name = member.path.rpartition("/")
            _folder(folders, folder, what)[name] = Entry(member.mode, oid)
        self.root = self._named(folders, what)
        self.size_bytes = sum(map(len, self._files.values())) + 200 * (len(self._files) + len(folders))

    def entries(self, tree: TreeId) -> Mapping[str, Entry]:
        """The names in a folder."""
        return self._trees[tree]

    def blob(self, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        """A file's content; None when it is larger than the limit."""
        del parent
        data = self._files[entry.oid]
        return data if len(data) <= limit_bytes else None

    def publish(self) -> None:
        """Whoever fetched it has shared it."""

    def _named(self, folders: Mapping[str, dict[str, Entry]], what: str) -> TreeId:
        """Names every folder, the deepest first, and gives the root's name."""
        for path in sorted(folders, key=lambda path: path.count("/") + bool(path), reverse=True):
            entries = folders[path]
            oid = git_name(b"tree", _encoded(entries))
            self._trees[oid] = entries
            if not path:
                return oid
            parent, _, name = path.rpartition("/")
            if folders[parent].setdefault(name, Entry(DIR, oid)) != Entry(DIR, oid):
                raise SourceError(f"{what} holds {path[:200]!r} both as a file and as a folder")
        raise AssertionError("the root is always there")


def git_name(kind: bytes, content: bytes) -> TreeId:
    """The name that Git gives to an object."""
    return TreeId(sha1(b"%s %d\0" % (kind, len(content)) + content, usedforsecurity=False).hexdigest())


def _folder(folders: dict[str, dict[str, Entry]], path: str, what: str) -> dict[str, Entry]:
    if path.count("/") > MAX_DEPTH:
        raise SourceError(f"{what} is nested more than {MAX_DEPTH} folders deep")
    at = path
    while at not in folders:
        folders[at] = {}
        at = at.rpartition("/")[0]
    return folders[path]


def _encoded(entries: Mapping[str, Entry]) -> bytes:
    """A folder as Git stores it; folders are sorted as if their name ended with a slash."""
    rows = ((_raw(name), entry) for name, entry in entries.items())
    ordered = sorted(rows, key=lambda row: row[0] + (b"/" if row[1].type == "dir" else b""))
    return b"".join(b"%o %s\0%s" % (entry.mode, name, bytes.fromhex(entry.oid)) for name, entry in ordered)


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
