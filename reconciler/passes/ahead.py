"""Commits that a pass sees before any refresh: told to everybody, so that nobody handles an older one as the newest."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.models.keys import PINNED, RepoUrl, Revision
from reconciler.sources import Resolution
from reconciler.store.heads import Heads
from reconciler.store.readindex import Head


def newest(heads: Heads, repo: RepoUrl) -> Mapping[str, Revision]:
    """The newest commit that anybody told of, by binding. Read it before the look. Raises StoreUnavailable."""
    known = {ref: head.next or head.current for ref, head in heads.known(repo).items()}
    return {ref: commit for ref, commit in known.items() if commit}


def settled(
    heads: Heads, repo: RepoUrl, found: Resolution, known: Mapping[str, Revision], moved: set[RepoUrl]
) -> Resolution:
    """What a look counts for, `known` being the newest before it. Raises StoreUnavailable.

    A commit that no refresh has handled is told, and `moved` gets its repository, to be refreshed once the reads are
    published. Whoever was faster may know a newer one, and that counts.
    """
    seen = known.get(found.binding)
    if found.binding == PINNED or seen == found.revision:
        return found
    if not heads.advance(repo, found.binding, seen, found.revision):
        head = heads.known(repo).get(found.binding, Head())
        return Resolution(head.next or head.current or found.revision, found.binding)
    moved.add(repo)
    return found
