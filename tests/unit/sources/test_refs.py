"""What a target revision means."""

import pytest

from reconciler.errors import SourceError
from reconciler.models.keys import CommitId
from reconciler.sources.refs import Refs, Resolution, check_revision, expected_binding, prefixes_for, resolve
from reconciler.sources.wire import RefLine

A, B, C = (CommitId(letter * 40) for letter in "abc")
REFS = Refs({"HEAD": A, "refs/heads/main": A, "refs/heads/v1": B, "refs/tags/v1": C, "refs/tags/v2": C})


@pytest.mark.parametrize(
    ("revision", "commit", "binding"),
    [
        ("", A, "HEAD"),
        ("HEAD", A, "HEAD"),
        ("main", A, "refs/heads/main"),
        ("v1", B, "refs/heads/v1"),
        ("v2", C, "refs/tags/v2"),
        ("refs/tags/v1", C, "refs/tags/v1"),
        ("d" * 40, CommitId("d" * 40), "sha"),
        ("bbbbbbb", B, "sha"),
    ],
)
def test_a_revision_is_a_branch_before_a_tag_before_a_commit(revision: str, commit: CommitId, binding: str) -> None:
    assert resolve(REFS, revision) == Resolution(commit, binding)


@pytest.mark.parametrize("revision", ["nope", "refs/heads/nope", "refs/v1", "eeeeeee", "main2"])
def test_what_names_nothing_is_told(revision: str) -> None:
    with pytest.raises(SourceError, match="unable to resolve"):
        resolve(REFS, revision)


def test_an_empty_repository_says_so() -> None:
    with pytest.raises(SourceError, match="empty"):
        resolve(Refs({}), "HEAD")


def test_a_short_sha_that_two_commits_share_is_refused() -> None:
    twin = CommitId("bbbbbbb" + "0" * 33)
    with pytest.raises(SourceError, match="more than one"):
        resolve(Refs({"refs/heads/x": B, "refs/heads/y": twin}), "bbbbbbb")


HOSTILE = (
    "--upload-pack=x|-x|HEAD^{/(a+)+$}|main@{u}|@{u}|:/x|a\nb|a\0b|a b|a..b|HEAD~1|main^|x.lock|a/|*|a\\b|main:file"
)


@pytest.mark.parametrize("revision", [*HOSTILE.split("|"), "x" * 10_000])
def test_git_s_query_syntax_and_options_are_refused(revision: str) -> None:
    with pytest.raises(SourceError, match="targetRevision"):
        check_revision(revision)


def test_an_application_follows_the_branch_that_it_waits_for() -> None:
    revisions = ("", "main", "refs/tags/v1", "a" * 40)
    assert [expected_binding(one) for one in revisions] == ["HEAD", "refs/heads/main", "refs/tags/v1", "sha"]


def test_only_the_refs_that_can_matter_are_asked_for() -> None:
    assert prefixes_for("a" * 40) == ()
    assert prefixes_for("") == ("HEAD",)
    assert prefixes_for("main") == ("refs/heads/main", "refs/tags/main")


def test_a_tag_stands_for_the_commit_that_it_tags() -> None:
    refs = Refs.of([RefLine("HEAD", A, symref="refs/heads/main"), RefLine("refs/tags/v1", B, peeled=C)])
    assert refs == Refs({"HEAD": A, "refs/tags/v1": C}, "refs/heads/main")
