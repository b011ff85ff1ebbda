"""Which trees of other sources a source may read."""

from __future__ import annotations

import pytest

from reconciler.errors import SourceError
from reconciler.models.keys import CommitId, RepoUrl
from reconciler.render.lending import Lender, Lending
from reconciler.render.protocol import FileRefused, Remote
from reconciler.render.readset import ReadLog
from reconciler.render.supply import Nowhere
from reconciler.sources.paths import Tree
from tests.support.trees import MemoryTree

OWN, OTHER = RepoUrl("https://git.corp/own"), RepoUrl("https://git.corp/other")
NOW, BEFORE = CommitId("c" * 40), CommitId("b" * 40)
TREE = MemoryTree({"x.yaml": "x"})


def lending(repo: RepoUrl = OTHER, commit: CommitId = NOW) -> Lending:
    def opened() -> tuple[Tree, ReadLog]:
        return TREE, ReadLog(repo, "refs/heads/main")

    return Lending(Nowhere(), {"values": Lender(repo, commit, "main", opened)}, OWN, NOW)


@pytest.mark.parametrize(("repo", "commit"), [(OTHER, NOW), (OTHER, BEFORE), (OWN, NOW)])
def test_a_lender_is_opened_by_its_ref(repo: RepoUrl, commit: CommitId) -> None:
    opened = lending(repo, commit).open(Remote("ref", "values"))
    assert (opened.tree, opened.log.repo, opened.path) == (TREE, repo, "")


def test_one_rendering_reads_a_repository_at_one_revision() -> None:
    with pytest.raises(SourceError, match="cannot reference a different revision of the same repository"):
        lending(OWN, BEFORE).open(Remote("ref", "values"))


def test_a_ref_of_nobody_is_refused_and_all_else_is_left_to_the_world() -> None:
    with pytest.raises(SourceError, match="no source has the ref 'other'"):
        lending().open(Remote("ref", "other"))
    with pytest.raises(FileRefused, match="nothing is fetched here"):
        lending().open(Remote("git", "values"))
