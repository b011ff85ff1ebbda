"""Heads of repositories: which commit of each ref has been handled, and which is being handled.

`next` is written before the read index is looked up and `current` after all requests are raised: a refresh that dies in
between is repeated, and a pass that publishes its reads in between sees `next` and comes again. Heads from before a
wipe or fail-over count as unknown: somebody asks the repository again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from reconciler.models.keys import RepoUrl, Revision
from reconciler.store.client import Client, Script
from reconciler.store.keys import Keys
from reconciler.store.readindex import Head


class Heads:
    """Every method raises StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys) -> None:
        self._keys = keys
        self._finish = Script(client, "heads")
        self._advance = Script(client, "advance")
        self._known, self._begin, self._drop = (Script(client, name) for name in ("known", "begin", "drop"))

    def known(self, repo: RepoUrl) -> Mapping[str, Head]:
        """All refs that were ever looked at, by name."""
        row = [word.decode() for word in cast("list[bytes]", self._known([self._keys.prefix], [repo]))]
        words = {name: Revision(commit) for name, commit in zip(row[0::2], row[1::2], strict=True)}
        refs = {name.partition(":")[2] for name in words}
        return {ref: Head(words.get(f"current:{ref}"), words.get(f"next:{ref}")) for ref in refs}

    def advance(self, repo: RepoUrl, ref: str, known: Revision | None, commit: Revision) -> bool:
        """Makes a commit known that no refresh has handled; False when the ref has moved since `known` was read."""
        return bool(self._advance([self._keys.prefix], [repo, ref, known or "", commit]))

    def begin(self, repo: RepoUrl, commits: Mapping[str, Revision]) -> None:
        """These commits are about to be handled. Call it before the read index is looked up."""
        if commits:
            self._begin([self._keys.prefix], [repo, *_pairs(commits)])

    def finish(self, repo: RepoUrl, commits: Mapping[str, Revision]) -> None:
        """All requests for these commits are raised."""
        if commits:
            self._finish([self._keys.prefix], [repo, *_pairs(commits)])

    def forget(self, repo: RepoUrl, refs: Iterable[str]) -> None:
        """Nobody reads these refs any more."""
        names = list(refs)
        if names:
            self._drop([self._keys.prefix], [repo, *names])


def _pairs(commits: Mapping[str, Revision]) -> list[str]:
    return [word for pair in commits.items() for word in pair]
