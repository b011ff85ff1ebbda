"""A repository's content in memory, for whatever reads trees."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.models.keys import TreeId
from reconciler.sources.paths import DIR, FILE, SUBMODULE, SYMLINK, Entry


@dataclass(frozen=True)
class Link:
    """A symbolic link in a MemoryTree."""

    target: str


class Submodule:
    """A submodule in a MemoryTree."""


Content = str | bytes | Link | Submodule


class MemoryTree:
    """A tree from path → content. Ids are made from content, as in Git; `listed` counts the folders that were read."""

    def __init__(self, files: Mapping[str, Content]) -> None:
        self._trees: dict[TreeId, dict[str, Entry]] = {}
        self._blobs: dict[TreeId, bytes] = {}
        self.listed = 0
        self.root = self._grown({tuple(path.split("/")): content for path, content in files.items()})

    def entries(self, tree: TreeId) -> Mapping[str, Entry]:
        self.listed += 1
        return self._trees[tree]

    def blob(self, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        data = self._blobs[entry.oid]
        return data if len(data) <= limit_bytes else None

    def publish(self) -> None:
        """Nobody else reads this."""

    def _grown(self, files: Mapping[tuple[str, ...], Content]) -> TreeId:
        entries = {path[0]: self._leaf(content) for path, content in files.items() if len(path) == 1}
        below: defaultdict[str, dict[tuple[str, ...], Content]] = defaultdict(dict)
        for path, content in files.items():
            if len(path) > 1:
                below[path[0]][path[1:]] = content
        entries |= {name: Entry(DIR, self._grown(inside)) for name, inside in below.items()}
        tree = _named("tree", repr(sorted(entries.items())).encode())
        self._trees[tree] = entries
        return tree

    def _leaf(self, content: Content) -> Entry:
        if isinstance(content, Submodule):
            return Entry(SUBMODULE, TreeId("5" * 40))
        data = content.target if isinstance(content, Link) else content
        raw = data.encode() if isinstance(data, str) else data
        oid = _named("blob", raw)
        self._blobs[oid] = raw
        return Entry(SYMLINK if isinstance(content, Link) else FILE, oid)


def _named(kind: str, data: bytes) -> TreeId:
    return TreeId(hashlib.sha1(kind.encode() + data).hexdigest())
