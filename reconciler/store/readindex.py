"""The read index: which applications read which paths, listings and patterns of which repository and ref.

A push costs the applications that read what it changed, because what they read is looked up here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, NamedTuple, cast

from reconciler.models.keys import AppKey, CommitId, RepoUrl
from reconciler.store.client import Client, Script, store_errors
from reconciler.store.keys import Keys

KEYS_PER_UNION = 500


class ReadEntry(NamedTuple):
    """One read: a `path` with its content (or absence), a `list`ing of a folder, a `glob`, or `every` commit."""

    kind: Literal["path", "list", "glob", "every"]
    name: str = ""

    @property
    def text(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class ReadSet:
    """All that one application read of one repository, by one ref binding such as `refs/heads/main`."""

    repo: RepoUrl
    binding: str
    entries: frozenset[ReadEntry]

    @property
    def digest(self) -> str:
        parts = [self.repo, self.binding, *sorted(entry.text for entry in self.entries)]
        return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """A ref as refreshes know it. `next` is what is being handled; it stays when that is done."""

    current: CommitId | None = None
    next: CommitId | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What moved between two commits: paths with other content, and folders with other names in them."""

    paths: Sequence[str] = ()
    listings: Sequence[str] = ()


class ReadIndex:
    """Every method raises StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self._script = Script(client, "reads")

    def publish(self, app: AppKey, reads: ReadSet) -> Head:
        """Replaces what the application reads, and says which commit its ref is at by the same look.

        If `next` is not the commit that was rendered, a refresh may have looked the index up before this: the
        application is due again.
        """
        arguments = [str(app), reads.repo, reads.binding, reads.digest]
        answer = self._call(arguments)
        if answer[0] == b"more":
            answer = self._call(arguments + sorted(entry.text for entry in reads.entries))
        return _head(answer[1], answer[2])

    def forget(self, app: AppKey) -> None:
        """The application is gone, or reads nothing any more."""
        self._call([str(app), "", "", ""])

    def lookup(
        self, repo: RepoUrl, bindings: Iterable[str], change: Change, matches: Callable[[str, str], bool]
    ) -> frozenset[AppKey]:
        """Applications that read anything of what changed. `matches(pattern, path)` reads patterns as the renderer."""
        apps: set[AppKey] = set()
        for binding in bindings:
            reads = [
                "every:",
                *(f"path:{path}" for path in change.paths),
                *(f"list:{name}" for name in change.listings),
            ]
            reads += [f"glob:{pattern}" for pattern in self._globs(repo, binding, change.paths, matches)]
            apps |= self._readers([self._keys.readers(repo, binding, read) for read in reads])
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


def _head(current: bytes, following: bytes) -> Head:
    return Head(CommitId(current.decode()) if current else None, CommitId(following.decode()) if following else None)
