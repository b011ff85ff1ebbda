"""Heads of repositories: which commit of each ref has been handled, and which is being handled.

`next` is written before the read index is looked up and `current` after all requests are raised: a refresh that dies in
between is repeated, and a pass that publishes its reads in between sees `next` and comes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from reconciler.models.keys import CommitId, RepoUrl
from reconciler.store.client import Client, Script, store_errors
from reconciler.store.keys import Keys
from reconciler.store.readindex import Head


class Heads:
    """Every method raises StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self._finish = Script(client, "heads")
        self._advance = Script(client, "advance")

    def known(self, repo: RepoUrl) -> Mapping[str, Head]:
        """All refs that were ever looked at, by name."""
        with store_errors("reading heads"):
            row = cast("dict[bytes, bytes]", self._client.hgetall(self._keys.heads(repo)))
        words = {name.decode(): CommitId(commit.decode()) for name, commit in row.items()}
        refs = {name.partition(":")[2] for name in words}
        return {ref: Head(words.get(f"current:{ref}"), words.get(f"next:{ref}")) for ref in refs}

    def advance(self, repo: RepoUrl, ref: str, known: CommitId | None, commit: CommitId) -> bool:
        """Makes a commit known that no refresh has handled; False when the ref has moved since `known` was read."""
        return bool(self._advance([self._keys.prefix], [repo, ref, known or "", commit]))

    def begin(self, repo: RepoUrl, commits: Mapping[str, CommitId]) -> None:
        """These commits are about to be handled. Call it before the read index is looked up."""
        if commits:
            with store_errors("writing heads"):
                self._client.hset(
                    self._keys.heads(repo), mapping={f"next:{ref}": commit for ref, commit in commits.items()}
                )

    def finish(self, repo: RepoUrl, commits: Mapping[str, CommitId]) -> None:
        """All requests for these commits are raised."""
        if commits:
            pairs = [word for pair in commits.items() for word in pair]
            self._finish([self._keys.prefix], [repo, *pairs])

    def forget(self, repo: RepoUrl, refs: Iterable[str]) -> None:
        """Nobody reads these refs any more."""
        names = [f"{word}:{ref}" for ref in refs for word in ("current", "next")]
        if names:
            with store_errors("dropping heads"):
                self._client.hdel(self._keys.heads(repo), *names)
