"""What a rendering looked at: each question with its answer, so that a later commit can be asked the same again.

A path is recorded as it was asked for, with the links that it led through; a question whose answer is the same now as
then needs no rendering.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

import msgspec

from reconciler.errors import SourceError
from reconciler.models.keys import RepoUrl, TreeId
from reconciler.render.protocol import (
    DirEntry,
    Facts,
    FileRefused,
    FileTooLarge,
    NoFacts,
    NotAFile,
    PathEscapes,
    PathMissing,
)
from reconciler.sources.paths import GITLINK, MODULES_FILE, Entry, Found, Lost, Tree, Walker
from reconciler.store.readindex import ReadEntry, ReadSet

LookKind = Literal["file", "list", "glob"]
ReadKind = Literal["file", "list", "glob", "fact"]
MAX_GLOB_FILES = 100_000

FOLLOWS = ReadEntry("path", "")
"""The root itself as a path: no commit changes it, so nothing else asks for it."""

EVERY = ReadEntry("every")
"""Every commit, whatever it changes."""

_WILDCARD = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]")


class Read(msgspec.Struct, frozen=True, array_like=True):
    """One question and its answer. `value` names the answer by content; `also` are further paths on which it
    depends. A `fact` is about the cluster, and its `path` the question.
    """

    kind: ReadKind
    path: str
    value: str
    also: tuple[str, ...] = ()


class Look:
    """An answer: what to record of it, and what was found."""

    __slots__ = ("found", "paths", "read")

    def __init__(self, read: Read, found: Found | Lost, paths: tuple[str, ...] = ()) -> None:
        self.read = read
        self.found = found
        self.paths = paths


class Sight:
    """Asks questions of one tree, and of the cluster. For one rendering: it remembers what it passed."""

    def __init__(self, tree: Tree, facts: Facts | None = None) -> None:
        self.tree = tree
        self.facts = facts or NoFacts()
        self._walker = Walker(tree)
        self._listings: dict[TreeId, str] = {}

    def fact(self, question: str) -> Read:
        """What the cluster says to one question. Raises as Facts does."""
        return Read("fact", question, fact_value(question, self.facts))

    def look(self, kind: LookKind, path: str) -> Look:
        """Answers one question. Raises SourceUnavailable, SourceError."""
        if kind == "glob":
            return self._glob(path)
        found = self._walker.find(path)
        if isinstance(found, Lost):
            return Look(Read(kind, path, found.why, _others(path, found)), found)
        if kind == "list" and found.entry.type == "dir":
            value = self._listing(found.entry.oid)
        else:
            value = f"{found.entry.mode:o} {found.entry.oid}" if found.entry.type == "file" else found.entry.type
        return Look(Read(kind, path, value, _others(path, found)), found)

    def where(self, path: str) -> str:
        """The path behind links, or the same where nothing is found. Raises SourceUnavailable, SourceError."""
        found = self._walker.find(path)
        return found.path if isinstance(found, Found) and found.hops else path

    def holds(self, reads: Iterable[Read]) -> bool:
        """Whether every question has the answer now that it had then. Raises SourceUnavailable, SourceError, and as
        Facts does.
        """
        return all(self.now(read).value == read.value for read in reads)

    def now(self, read: Read) -> Read:
        """The same question with its answer now. Raises as `holds`."""
        return self.fact(read.path) if read.kind == "fact" else self.look(read.kind, read.path).read

    def _listing(self, tree: TreeId) -> str:
        if tree not in self._listings:
            self._listings[tree] = listing_value(self.tree.entries(tree))
        return self._listings[tree]

    def _glob(self, pattern: str) -> Look:
        start, entered = _WILDCARD.split(pattern, maxsplit=1)[0].rpartition("/")[0], list[str]()
        found = self._walker.find(start)
        if isinstance(found, Lost):
            return Look(Read("glob", pattern, found.why, _others(start, found)), found)
        files = self._files(start, found.entry.oid, entered)
        inside = ((path, entry) for path, entry in files if glob_matches(pattern, path))
        rows = sorted(inside)
        value = _digest(f"{path}\0{entry.mode:o}\0{entry.oid}" for path, entry in rows)
        others = tuple(dict.fromkeys((*_others(start, found), *entered)))
        return Look(Read("glob", pattern, value, others), found, tuple(path for path, _ in rows))

    def _files(self, folder: str, tree: TreeId, entered: list[str]) -> Iterator[tuple[str, Entry]]:
        """All files below; `entered` gets what names the submodules on the way."""
        pending, seen = [(folder, tree)], 0
        while pending:
            base, oid = pending.pop()
            for name, entry in self.tree.entries(oid).items():
                path = f"{base}/{name}" if base else name
                seen += 1
                if seen > MAX_GLOB_FILES:
                    raise SourceError(
                        f"a pattern below {folder!r} walks more than {MAX_GLOB_FILES} names; make it narrower"
                    )
                if entry.type == "dir":
                    pending.append((path, entry.oid))
                    if entry.oid.startswith(GITLINK):
                        entered += (path, MODULES_FILE)
                else:
                    yield path, entry


class ReadLog:
    """Everything that one application's rendering asked, in the order of asking; it survives a rendering that fails."""

    def __init__(self, repo: RepoUrl, binding: str) -> None:
        self.repo = repo
        self.binding = binding
        self.reads_revision = False
        """Whether the outcome names the commit itself, so that every commit changes it."""

        self._reads: dict[tuple[ReadKind, str], Read] = {}

    def noted(self, look: Look) -> Found | Lost:
        self._reads[look.read.kind, look.read.path] = look.read
        return look.found

    def add(self, reads: Iterable[Read]) -> None:
        self._reads.update({(read.kind, read.path): read for read in reads})

    def read_set(self) -> ReadSet:
        """What the read index holds of it: each path, link and folder whose change may change an answer.

        Every application also reads FOLLOWS, by which all that follow a ref are found when everything may have changed.
        """
        always = {FOLLOWS, EVERY} if self.reads_revision else {FOLLOWS}
        return ReadSet(self.repo, self.binding, frozenset(always.union(*map(_entries, self._reads.values()))))

    @property
    def reads(self) -> tuple[Read, ...]:
        return tuple(self._reads.values())


class RecordedFiles:
    """Serves a renderer child from a tree and notes every answer: render.protocol.FileServer.

    A file that a pattern matched is not noted again when it is read: the pattern's answer names its content.
    """

    def __init__(self, sight: Sight, log: ReadLog, *, file_limit_bytes: int) -> None:
        self._sight = sight
        self._log = log
        self._limit = file_limit_bytes
        self._matched: set[str] = set()

    def list(self, path: str) -> Sequence[DirEntry]:
        """Raises PathMissing, PathEscapes, NotAFile, SourceUnavailable."""
        found = self._found("list", path)
        if found.entry.type != "dir":
            raise NotAFile(f"{path} is a {found.entry.type}, not a folder", path=path)
        entries = self._sight.tree.entries(found.entry.oid)
        return [DirEntry(_readable(name, path), entry.type) for name, entry in entries.items()]

    def read(self, path: str) -> bytes:
        """Raises PathMissing, PathEscapes, NotAFile, FileTooLarge, SourceUnavailable."""
        found = self._found("file", path)
        if found.entry.type != "file":
            raise NotAFile(f"{path} is a {found.entry.type}, not a file", path=path)
        data = self._sight.tree.blob(found.entry, found.parent, self._limit)
        if data is None:
            raise FileTooLarge(f"{path} is larger than {self._limit} bytes", path=path)
        return data

    def glob(self, pattern: str) -> Sequence[str]:
        """Raises PathEscapes, SourceUnavailable."""
        look = self._sight.look("glob", pattern)
        found = self._log.noted(look)
        self._matched.update(look.paths)
        if isinstance(found, Lost) and found.why == "escapes":
            raise PathEscapes(f"{pattern} leaves the repository", path=pattern)
        return look.paths

    def where(self, path: str) -> str:
        """The path behind links, or the same where nothing is found. Raises SourceUnavailable, SourceError."""
        return self._sight.where(path)

    def _found(self, kind: LookKind, path: str) -> Found:
        look = self._sight.look(kind, path)
        is_noted = kind == "file" and path in self._matched and not look.read.also
        found = look.found if is_noted else self._log.noted(look)
        if isinstance(found, Lost):
            raise _refusal(path, found)
        return found


class RecordedFacts:
    """Answers what templates ask about the cluster, and notes it: render.protocol.Facts."""

    def __init__(self, sight: Sight, log: ReadLog) -> None:
        self._sight = sight
        self._log = log

    def kube_version(self) -> str:
        """Raises as Facts does."""
        return self._asked("kube_version")

    def has_api(self, name: str) -> bool:
        """Raises as Facts does."""
        return self._asked(f"has_api {name}") == YES

    def api_versions(self) -> Sequence[str]:
        """Raises as Facts does."""
        self._asked("api_versions")
        return self._sight.facts.api_versions()

    def _asked(self, question: str) -> str:
        read = self._sight.fact(question)
        self._log.add([read])
        return read.value


YES, NO = "yes", "no"


def fact_value(question: str, facts: Facts) -> str:
    """Names the answer to one question. Raises as Facts does."""
    kind, _, name = question.partition(" ")
    if kind == "has_api":
        return YES if facts.has_api(name) else NO
    return facts.kube_version() if kind == "kube_version" else _digest(facts.api_versions())


def glob_matches(pattern: str, path: str) -> bool:
    """Whether a path matches a pattern, as it does for the renderer."""
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(glob_regex(pattern))


def _entries(read: Read) -> set[ReadEntry]:
    if read.kind == "fact":
        return set()
    paths = {ReadEntry("path", path) for path in (read.path, *read.also)}
    if read.kind == "glob":
        return {ReadEntry("glob", read.path), *(ReadEntry("path", path) for path in read.also)}
    if read.kind == "list":
        return paths | {ReadEntry("list", path) for path in (read.path, *read.also)}
    return paths


def listing_value(entries: Mapping[str, Entry]) -> str:
    """Names a folder's listing by the names in it and their types, not by what they hold."""
    return _digest(f"{name}\0{entry.type}" for name, entry in sorted(entries.items()))


def glob_regex(pattern: str) -> str:
    """A pattern as a regular expression over whole paths: `**` crosses folders, `*` and `?` do not."""
    parts, at = [], 0
    for match in _WILDCARD.finditer(pattern):
        parts += [re.escape(pattern[at : match.start()]), _wildcard(match.group())]
        at = match.end()
    return "".join([*parts, re.escape(pattern[at:])])


def _wildcard(token: str) -> str:
    fixed = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in fixed:
        return fixed[token]
    inner = token[1:-1]
    negated = inner.startswith(("!", "^"))
    body = re.escape(inner.removeprefix("!").removeprefix("^")).replace(r"\-", "-")
    return f"[^/{body}]" if negated else f"[{body}]"


def _others(path: str, found: Found | Lost) -> tuple[str, ...]:
    passed = [hop.path for hop in found.hops]
    return tuple(dict.fromkeys(other for other in (*passed, found.path) if other != path))


def _refusal(path: str, lost: Lost) -> FileRefused:
    if lost.why == "escapes":
        return PathEscapes(f"{path} leaves the repository by the link {lost.path}", path=path)
    return PathMissing(f"{path} does not exist", path=path)


def _readable(name: str, folder: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        shown = name.encode("utf-8", "backslashreplace").decode()
        raise PathEscapes(f"a name in {folder or 'the root'} is not UTF-8: {shown}", path=folder) from error
    return name


def _digest(rows: Iterable[str]) -> str:
    joined = "\n".join(rows).encode("utf-8", "surrogateescape")
    return blake2b(joined, digest_size=16).hexdigest()
