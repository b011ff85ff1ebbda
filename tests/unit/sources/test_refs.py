"""What a target revision means."""

import pytest

from reconciler.errors import SourceError
from reconciler.models.keys import CommitId, Revision
from reconciler.sources.refs import (
    Refs,
    Resolution,
    check_revision,
    check_tag_prefix,
    expected_binding,
    head_of,
    listed_for,
    prefixes_for,
    recalled,
    resolve,
)
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
    assert resolve(REFS, revision) == Resolution(Revision(commit), binding)


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


HOSTILE = "--upload-pack=x|-x|HEAD^{/(a+)+$}|main@{u}|@{u}|:/x|a\nb|a\0b|a b|a..b|HEAD~1|main^|x.lock|a/|a\\b|main:file"


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


TAGGED = Refs(
    {
        "HEAD": A,
        "refs/heads/2.x": A,
        "refs/heads/1.9.0": A,
        "refs/tags/1.2.0": A,
        "refs/tags/v1.10.0": B,
        "refs/tags/1.11.0-rc.1": C,
        "refs/tags/web/1.3.0": C,
        "refs/tags/web/main": B,
    }
)


@pytest.mark.parametrize(
    ("revision", "prefix", "commit", "binding"),
    [
        ("1.x", "", B, "semver::1.x"),
        ("^1.2, <1.10", "", A, "semver::^1.2, <1.10"),
        (">=1.0.0-0", "", C, "semver::>=1.0.0-0"),
        ("*", "web/", C, "semver:web/:*"),
        ("2.x", "", A, "semver::2.x"),
        ("1.3.0", "web/", C, "refs/tags/web/1.3.0"),
        ("main", "web/", B, "refs/tags/web/main"),
        ("1.2.0", "", A, "refs/tags/1.2.0"),
        ("HEAD", "web/", A, "HEAD"),
        ("d" * 40, "web/", CommitId("d" * 40), "sha"),
    ],
)
def test_a_range_is_the_highest_tag_that_satisfies_it(
    revision: str, prefix: str, commit: CommitId, binding: str
) -> None:
    assert resolve(TAGGED, revision, prefix) == Resolution(Revision(commit), binding)


def test_a_range_that_no_tag_satisfies_is_told_with_its_prefix() -> None:
    with pytest.raises(SourceError, match=r"unable to resolve '\^3'"):
        resolve(TAGGED, "^3")
    with pytest.raises(SourceError, match="begins with 'web/'"):
        resolve(TAGGED, "1.2.x", "web/")
    with pytest.raises(SourceError, match="unable to resolve"):
        resolve(TAGGED, "1.2.0", "web/")


def test_what_is_followed_is_listed_and_found_again() -> None:
    bindings = ["HEAD", "refs/heads/main", "semver:web/:1.x", "semver::^1"]
    listed = listed_for(bindings)
    expected = ("HEAD", "refs/heads/main", "refs/tags/web/", "refs/heads/1.x", "refs/tags/1.x", "refs/tags/")
    assert listed == expected
    assert [head_of(TAGGED, one) for one in bindings] == [A, None, C, B]
    assert prefixes_for("^1", "v") == ("refs/tags/v",)


def test_a_range_is_recalled_by_itself_and_never_from_the_tags_that_happen_to_be_known() -> None:
    known = {"refs/tags/1.2.0": Revision(A), "semver::^1": Revision(B)}
    assert recalled(known, "^1") == Resolution(Revision(B), "semver::^1")
    assert recalled(known, "1.x") is None
    assert recalled(known, "1.2.0") == Resolution(Revision(A), "refs/tags/1.2.0")
    assert recalled(known, "bbbbbbb") == Resolution(Revision(B), "sha")
    assert recalled(known, "main") is None


@pytest.mark.parametrize("prefix", ["a:b", "-x", "a b", "x" * 300, "^", "a..b"])
def test_what_begins_no_tag_is_no_prefix(prefix: str) -> None:
    with pytest.raises(SourceError, match="tagPrefix"):
        check_tag_prefix(prefix)


def test_an_application_follows_a_range_before_any_tag_satisfies_it() -> None:
    assert expected_binding("^9", "web/") == "semver:web/:^9"
    assert expected_binding("1.2.0", "web/") == "refs/heads/web/1.2.0"
