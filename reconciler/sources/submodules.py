"""Submodules: a tree that shows, where it has a gitlink, what lies there at the pinned commit of another repository.

Nothing is opened before somebody looks into it, and who opens decides which addresses may be. Nothing of `.gitmodules`
but paths and addresses is read: no name in it becomes a folder, and no command is run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from reconciler.errors import SourceError, SpecError
from reconciler.models.keys import CommitId, TreeId
from reconciler.sources.paths import DIR, GITLINK, MODULES_FILE, SUBMODULE, Entry, Tree, clean_path

MODULES_BYTES: Final = 1024**2
MAX_MODULES: Final = 1000
MAX_DEPTH: Final = 10
"""Submodules of submodules."""

_SECTION = re.compile(r'\[\s*submodule\s+"(?:[^"\\]|\\.)*"\s*\]')
_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*)")
_SHORT = re.compile(r"(?P<start>[^/:@]+@[^/:]+:)(?P<path>.*)")

Open = Callable[[str, CommitId], Tree]
"""Opens a repository at a commit. Raises SpecError, SourceError for what may not be had, SourceUnavailable."""


def with_submodules(tree: Tree, url: str, opens: Open, depth: int = 0) -> Tree:
    """The tree with its submodules, which are addressed from `url`; the tree itself where it has none. Raises
    SourceUnavailable, SourceError.
    """
    if MODULES_FILE not in tree.entries(tree.root):
        return tree
    return _WithSubmodules(tree, url, opens, depth)


class _WithSubmodules:
    """A Tree. What was reached through a submodule is read from there, by the ids that were given out for it."""

    def __init__(self, tree: Tree, url: str, opens: Open, depth: int) -> None:
        self._tree, self._url, self._open, self._depth = tree, url, opens, depth
        self.root = tree.root
        self._links: Mapping[tuple[TreeId, str], tuple[str, str]] | None = None
        self._named: dict[TreeId, tuple[str, CommitId, str]] = {}
        self._opened: dict[TreeId, Tree] = {}
        self._owners: dict[TreeId, Tree] = {}

    def entries(self, tree: TreeId) -> Mapping[str, Entry]:
        """The names in a tree. Raises SourceUnavailable, SourceError."""
        owner, inside = self._owner(tree)
        found = owner.entries(inside)
        if owner is self._tree:
            return self._linked(tree, found)
        for entry in found.values():
            if entry.type == "dir":
                self._owners.setdefault(entry.oid, owner)
        return found

    def blob(self, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        """A file's content. Raises SourceUnavailable, SourceError."""
        owner, inside = self._owner(parent)
        return owner.blob(entry, inside, limit_bytes)

    def publish(self) -> None:
        """Shares what was read, of the submodules too. Raises StoreUnavailable."""
        for tree in (self._tree, *self._opened.values()):
            tree.publish()

    def _owner(self, tree: TreeId) -> tuple[Tree, TreeId]:
        if tree in self._named:
            opened = self._submodule(tree)
            return opened, opened.root
        return self._owners.get(tree, self._tree), tree

    def _submodule(self, link: TreeId) -> Tree:
        if link not in self._opened:
            path, commit, url = self._named[link]
            if self._depth >= MAX_DEPTH:
                raise SourceError(f"submodule {path}: more than {MAX_DEPTH} submodules lie in one another")
            try:
                address = resolved_url(url, self._url)
                tree = self._open(address, commit)
                self._opened[link] = with_submodules(tree, address, self._open, self._depth + 1)
            except SpecError as error:
                raise SourceError(f"submodule {path}: {error}") from error
        return self._opened[link]

    def _linked(self, tree: TreeId, found: Mapping[str, Entry]) -> Mapping[str, Entry]:
        links = {name: entry for name, entry in found.items() if entry.mode == SUBMODULE}
        if not links:
            return found
        shown = dict(found)
        for name, entry in links.items():
            module = self._modules().get((tree, name))
            if module:
                oid = TreeId(f"{GITLINK}{entry.oid}:{module[0]}")
                self._named[oid] = (module[0], CommitId(entry.oid), module[1])
                shown[name] = Entry(DIR, oid)
        return shown

    def _modules(self) -> Mapping[tuple[TreeId, str], tuple[str, str]]:
        """By the tree and the name in it: the path and the address that `.gitmodules` gives."""
        if self._links is None:
            entry = self._tree.entries(self.root)[MODULES_FILE]
            data = self._tree.blob(entry, self.root, MODULES_BYTES) if entry.type == "file" else b""
            if data is None:
                raise SourceError(f"{MODULES_FILE} is larger than {MODULES_BYTES} bytes")
            modules = parse_modules(data.decode("utf-8", "replace"))
            if len(modules) > MAX_MODULES:
                raise SourceError(f"{MODULES_FILE} names more than {MAX_MODULES} submodules")
            self._links = {place: (path, url) for path, url in modules.items() if (place := self._place(path))}
        return self._links

    def _place(self, path: str) -> tuple[TreeId, str] | None:
        tree, (*folders, name) = self.root, path.split("/")
        for folder in folders:
            entry = self._tree.entries(tree).get(folder)
            if entry is None or entry.type != "dir":
                return None
            tree = entry.oid
        return tree, name


def parse_modules(text: str) -> dict[str, str]:
    """Addresses by path, as `.gitmodules` gives them. What Git would not update (`update = none`) is left out."""
    sections: list[dict[str, str]] = []
    for line in _lines(text):
        if line.startswith("["):
            sections.append({})
            if not _SECTION.fullmatch(line):
                sections[-1]["update"] = "none"
        elif sections and (match := _LINE.fullmatch(line)):
            sections[-1][match[1].lower()] = _value(match[2])
    named = ((clean_path(one.get("path", "")), one) for one in sections if one.get("update") != "none")
    return {path: one["url"] for path, one in named if path and one.get("url")}


def _lines(text: str) -> Iterable[str]:
    stripped = (line.strip() for line in text.replace("\\\n", "").split("\n"))
    return (line for line in stripped if line and line[0] not in "#;")


def _value(text: str) -> str:
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:].partition('"')[0])
    return re.split(r"\s[#;]", text, maxsplit=1)[0].strip()


def resolved_url(url: str, base: str) -> str:
    """A submodule's address; `./` and `../` start at the repository that names it. Raises SourceError for one that
    climbs past the host.
    """
    if not url.startswith(("./", "../")):
        return url
    short = _SHORT.fullmatch(base) if "://" not in base else None
    parts = None if short else urlsplit(base)
    start, path = (short["start"], short["path"]) if short else (f"{parts.scheme}://{parts.netloc}/", parts.path)  # type: ignore[union-attr]
    joined = posixpath.normpath(posixpath.join(path.strip("/"), url))
    if joined in (".", "..") or joined.startswith("../"):
        raise SourceError(f"its address {url!r} leads out of the host of {base}")
    return f"{start}{joined}"
