"""The read index: which applications read which paths, listings and patterns of which repository and ref.

A push costs the applications that read what it changed, because what they read is looked up here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, NamedTuple, cast

from reconciler.models.keys import PINNED, AppKey, RepoUrl, Revision
from reconciler.store.client import Client, Script, store_errors
from reconciler.store.keys import Keys

KEYS_PER_UNION = 500


class ReadEntry(NamedTuple):
    """One read: a `path` with its content (or absence), a `list`ing of a folder, a `glob`, or `every` commit."""

    kind: Literal["path", "list", "glob", "every"]
    name: str = ""

    @property
    def text(self) -> str:
        """Its form in Redis; a name that is no text is spelled out."""
        text = f"{self.kind}:{self.name}"
        return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class Followed(NamedTuple):
    """A repository, and what names the place in it that is followed, such as `refs/heads/main`."""

    repo: RepoUrl
    binding: str


@dataclass(frozen=True, slots=True)
class ReadSet:
    """All that one application read of one repository, by one binding. An application has at most one for each."""

    repo: RepoUrl
    binding: str
    entries: frozenset[ReadEntry]

    @property
    def place(self) -> Followed:
        return Followed(self.repo, self.binding)

    @property
    def texts(self) -> list[str]:
        """Its reads as the index holds them; nothing can ever lie at a path with a NUL in it."""
        return sorted(entry.text for entry in self.entries if "\0" not in entry.name)


@dataclass(frozen=True, slots=True)
class Head:
    """A ref as refreshes know it. `next` is what is being handled; it stays when that is done."""

    current: Revision | None = None
    next: Revision | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What moved between two commits: paths with other content, folders with other names in them, and folders that
    came or went, which a pattern of files never means.
    """

    paths: Sequence[str] = ()
    listings: Sequence[str] = ()
    folders: Sequence[str] = ()


class ReadIndex:
    """Every method raises StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self._script = Script(client, "reads")

    def publish(self, app: AppKey, sets: Sequence[ReadSet]) -> Mapping[Followed, Head]:
        """Replaces all that the application reads, and says what each binding stands for by the same look.

        If `next` is not what was rendered, a refresh may have looked the index up before this: the application is due
        again. What nothing can move is not kept, and not among the answers.
        """
        kept = sorted((one for one in sets if one.binding != PINNED), key=lambda one: one.place)
        places = [word for one in kept for word in one.place]
        arguments = [str(app), _digest(kept), str(len(kept)), *places]
        answer = self._call(arguments)
        if answer[0] == b"more":
            texts = [one.texts for one in kept]
            answer = self._call([*arguments, *(word for reads in texts for word in (str(len(reads)), *reads))])
        pairs = zip(answer[1::2], answer[2::2], strict=True)
        return {one.place: _head(*pair) for one, pair in zip(kept, pairs, strict=True)}

    def forget(self, app: AppKey) -> None:
        """The application is gone, or reads nothing any more."""
        self.publish(app, ())

    def lookup(
        self, repo: RepoUrl, bindings: Iterable[str], change: Change, matches: Callable[[str, str], bool]
    ) -> frozenset[AppKey]:
        """Applications that read anything of what changed. `matches(pattern, path)` reads patterns as the renderer."""
        apps: set[AppKey] = set()
        for binding in bindings:
            reads = [
                ReadEntry("every"),
                *(ReadEntry("path", path) for path in (*change.paths, *change.folders)),
                *(ReadEntry("list", name) for name in change.listings),
                *(ReadEntry("glob", pattern) for pattern in self._globs(repo, binding, change.paths, matches)),
            ]
            apps |= self._readers([self._keys.readers(repo, binding, read.text) for read in reads])
        return frozenset(apps)

    def repositories(self) -> frozenset[RepoUrl]:
        """Every repository that an application reads."""
        with store_errors("reading repositories"):
            names = cast("set[bytes]", self._client.smembers(self._keys.repos()))
        return frozenset(RepoUrl(name.decode()) for name in names)

    def bindings(self, repo: RepoUrl) -> frozenset[str]:
        """Every ref of the repository that an application reads."""
        with store_errors("reading bindings"):
            names = cast("list[bytes]", self._client.hkeys(self._keys.bindings(repo)))
        return frozenset(name.decode() for name in names)

    def _globs(
        self, repo: RepoUrl, binding: str, paths: Sequence[str], matches: Callable[[str, str], bool]
    ) -> list[str]:
        with store_errors("reading patterns"):
            patterns = cast("list[bytes]", self._client.hkeys(self._keys.globs(repo, binding)))
        texts = [pattern.decode() for pattern in patterns]
        return [pattern for pattern in texts if any(matches(pattern, path) for path in paths)]

    def _readers(self, keys: Sequence[str]) -> set[AppKey]:
        found: set[bytes] = set()
        with store_errors("looking readers up"), self._client.pipeline(transaction=False) as pipe:
            for start in range(0, len(keys), KEYS_PER_UNION):
                pipe.sunion(list(keys[start : start + KEYS_PER_UNION]))
            found.update(*pipe.execute())
        return {AppKey.parse(name.decode()) for name in found}

    def _call(self, arguments: Sequence[str]) -> Any:
        return self._script([self._keys.prefix], arguments)


def _digest(sets: Sequence[ReadSet]) -> str:
    """Names what is read; empty for nothing."""
    parts = [word for one in sets for word in (*one.place, *one.texts, "")]
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest() if sets else ""


def _head(current: bytes, following: bytes) -> Head:
    return Head(Revision(current.decode()) if current else None, Revision(following.decode()) if following else None)
