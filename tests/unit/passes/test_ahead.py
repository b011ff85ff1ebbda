"""What a look at a repository counts for against what others know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from reconciler.models.keys import PINNED, RepoUrl, Revision
from reconciler.passes.ahead import newest, settled
from reconciler.sources import Resolution
from reconciler.store.heads import Heads
from reconciler.store.readindex import Head

REPO, MAIN = RepoUrl("https://git.example/r"), "refs/heads/main"
OLD, SEEN, NEWER = (Revision(letter * 40) for letter in "abc")


@dataclass
class Kept:
    """Heads of one repository, in memory."""

    refs: dict[str, Head] = field(default_factory=lambda: {MAIN: Head(OLD, OLD)})

    def known(self, repo: RepoUrl) -> Mapping[str, Head]:
        assert repo == REPO
        return self.refs

    def advance(self, repo: RepoUrl, ref: str, known: Revision | None, commit: Revision) -> bool:
        before = self.known(repo).get(ref, Head())
        if (before.next or before.current) != known:
            return False
        self.refs[ref] = Head(before.current or commit, commit)
        return True


@pytest.fixture
def kept() -> Kept:
    return Kept()


def look(kept: Kept, found: Resolution, known: Mapping[str, Revision]) -> tuple[Resolution, set[RepoUrl]]:
    moved: set[RepoUrl] = set()
    return settled(cast("Heads", kept), REPO, found, known, moved), moved


def test_a_commit_that_no_refresh_has_handled_is_told_and_its_repository_is_to_be_refreshed(kept: Kept) -> None:
    known = newest(cast("Heads", kept), REPO)
    assert look(kept, Resolution(SEEN, MAIN), known) == (Resolution(SEEN, MAIN), {REPO})
    assert kept.refs[MAIN] == Head(OLD, SEEN)


def test_a_commit_that_was_overtaken_meanwhile_gives_way_to_the_newer_one(kept: Kept) -> None:
    known = newest(cast("Heads", kept), REPO)
    kept.refs[MAIN] = Head(OLD, NEWER)
    assert look(kept, Resolution(SEEN, MAIN), known) == (Resolution(NEWER, MAIN), set())
    assert kept.refs[MAIN] == Head(OLD, NEWER)


@pytest.mark.parametrize("found", [Resolution(OLD, MAIN), Resolution(SEEN, PINNED)])
def test_what_is_known_or_pinned_is_no_news(kept: Kept, found: Resolution) -> None:
    assert look(kept, found, newest(cast("Heads", kept), REPO)) == (found, set())
    assert kept.refs == {MAIN: Head(OLD, OLD)}
