"""Refs, fetches and mirrors against a real Git server: what it serves, and every way in which it may fail."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import CommitId
from reconciler.models.secrets import RepositorySecret
from reconciler.sandbox.githttp import GitFaults
from reconciler.sandbox.gitserver import GitServer
from reconciler.sources import Access, GitSources, access_for, changed_paths, wire
from reconciler.sources.gitsource import GitLimits
from reconciler.sources.mirror import Limits
from reconciler.sources.paths import Found, Walker
from reconciler.sources.transport import Timeouts

FILES: Mapping[str, str | bytes | None] = {"app/a.yaml": "a: 1\n", "other/b.yaml": "b: 1\n"}
SHORT = Timeouts(connect_s=1.0, read_s=0.6, refs_s=1.0, fetch_s=1.5)
MISSING = CommitId("d" * 40)


@pytest.fixture
def sources(tmp_path: Path) -> GitSources:
    return GitSources(tmp_path / "data", None, GitLimits(timeouts=SHORT))


def anonymous(url: str) -> Access:
    return access_for(url, [], "default")


def content(sources: GitSources, access: Access, commit: CommitId, path: str) -> bytes:
    reader = sources.reader(access, commit)
    found = Walker(reader).find(path)
    assert isinstance(found, Found)
    data = reader.blob(found.entry, found.parent, 1000)
    assert data is not None
    return data


def test_branches_tags_shas_and_head_resolve(git_server: GitServer, sources: GitSources) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    first = CommitId(git_server.repository("fleet").refs()["refs/heads/main"])
    git_server.repository("fleet").git("tag", "-a", "-m", "one", "v1", first)
    second = CommitId(git_server.commit("fleet", {"app/a.yaml": "a: 2\n"}))
    wanted = {"main": second, "HEAD": second, "": second, "v1": first, first: first, second[:9]: second}
    assert {revision: sources.resolve(access, revision).commit for revision in wanted} == wanted
    assert sources.refs(access).default_branch == "refs/heads/main"


def test_looking_at_refs_is_one_request(git_server: GitServer, sources: GitSources) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    sources.resolve(access, "main")
    assert dict(git_server.requests) == {"ls-refs": 1}


def test_a_commit_is_fetched_once_and_without_history(git_server: GitServer, sources: GitSources) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    old = sources.resolve(access, "main").commit
    new = CommitId(git_server.commit("fleet", {"app/a.yaml": "a: 2\n"}))
    assert content(sources, access, new, "app/a.yaml") == b"a: 2\n"
    assert content(sources, access, new, "other/b.yaml") == b"b: 1\n"
    assert git_server.requests["upload-pack"] == 1
    assert content(sources, access, old, "app/a.yaml") == b"a: 1\n"
    assert git_server.requests["upload-pack"] == 2


def test_what_a_push_changed_is_found(git_server: GitServer, sources: GitSources) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    old = sources.reader(access, sources.resolve(access, "main").commit)
    new = sources.reader(access, CommitId(git_server.commit("fleet", {"app/a.yaml": "a: 2\n", "new/c.yaml": "c"})))
    changes = changed_paths(old, new)
    assert (sorted(changes.paths), sorted(changes.listings)) == (["app/a.yaml", "new/c.yaml"], ["", "new"])


def test_a_forced_push_is_followed_and_a_vanished_commit_is_named(git_server: GitServer, sources: GitSources) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    sources.reader(access, sources.resolve(access, "main").commit)
    repository = git_server.repository("fleet")
    repository.git("update-ref", "-d", "refs/heads/main")
    forced = CommitId(repository.commit({"app/a.yaml": "forced\n"}, "Anew"))
    assert sources.resolve(access, "main").commit == forced
    assert content(sources, access, forced, "app/a.yaml") == b"forced\n"
    with pytest.raises(SourceError, match=MISSING):
        sources.reader(access, MISSING)


def test_a_large_first_fetch_is_indexed_and_later_ones_build_on_it(git_server: GitServer, tmp_path: Path) -> None:
    sources = GitSources(tmp_path / "data", None, GitLimits(mirror=Limits(loose_objects=10)))
    files = {f"apps/{number // 10}/{number}.yaml": f"n: {number}\n" * 20 for number in range(300)}
    access = anonymous(git_server.create("fleet", files))
    commit = sources.resolve(access, "main").commit
    assert content(sources, access, commit, "apps/12/123.yaml").startswith(b"n: 123\n")
    assert len(list((tmp_path / "data").rglob("pack-*.idx"))) == 1
    new = CommitId(git_server.commit("fleet", {"apps/12/123.yaml": "n: new\n" + "n: 123\n" * 20}))
    assert content(sources, access, new, "apps/12/123.yaml").startswith(b"n: new\n")


def test_the_data_folder_may_vanish_or_be_damaged(git_server: GitServer, sources: GitSources, tmp_path: Path) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    commit = sources.resolve(access, "main").commit
    assert content(sources, access, commit, "app/a.yaml") == b"a: 1\n"
    shutil.rmtree(tmp_path / "data")
    assert content(sources, access, commit, "app/a.yaml") == b"a: 1\n"
    for file in (tmp_path / "data").rglob("objects/??/*"):
        file.chmod(0o600)
        file.write_bytes(b"garbage")
    fresh = GitSources(tmp_path / "data", None)
    assert content(fresh, access, commit, "app/a.yaml") == b"a: 1\n"


def test_an_object_that_is_gone_from_a_mirror_is_fetched_again(git_server: GitServer, tmp_path: Path) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    sources = GitSources(tmp_path / "data", None)
    commit = sources.resolve(access, "main").commit
    blob = Walker(sources.reader(access, commit)).find("app/a.yaml")
    assert isinstance(blob, Found)
    for file in (tmp_path / "data").rglob(f"objects/{blob.entry.oid[:2]}/{blob.entry.oid[2:]}"):
        file.unlink()
    assert content(GitSources(tmp_path / "data", None), access, commit, "app/a.yaml") == b"a: 1\n"


def test_an_empty_repository_and_a_deleted_branch_are_told(git_server: GitServer, sources: GitSources) -> None:
    empty = anonymous(git_server.create("empty"))
    with pytest.raises(SourceError, match="empty"):
        sources.resolve(empty, "HEAD")
    with pytest.raises(SourceError, match="no such branch"):
        sources.resolve(empty, "main")


def test_a_repository_that_does_not_exist_is_told(git_server: GitServer, sources: GitSources) -> None:
    with pytest.raises(SourceError, match="no such repository"):
        sources.resolve(anonymous(git_server.repo_url("nope")), "main")


def test_a_url_without_its_ending_works_as_well(git_server: GitServer, sources: GitSources) -> None:
    access = anonymous(git_server.create("fleet", FILES).removesuffix("/"))
    commit = sources.resolve(access, "main").commit
    assert content(sources, access, commit, "app/a.yaml") == b"a: 1\n"


def test_only_the_right_credentials_open_a_private_repository(git_server: GitServer, sources: GitSources) -> None:
    url = git_server.create("fleet", FILES)
    git_server.credentials = ("user", "right")
    right = RepositorySecret.model_validate({"url": url, "username": "user", "password": "right", "secret_name": "s"})
    wrong = RepositorySecret.model_validate({"url": url, "username": "user", "password": "wrong", "secret_name": "s"})
    access = access_for(url, [right], "default")
    commit = sources.resolve(access, "main").commit
    assert content(sources, access, commit, "app/a.yaml") == b"a: 1\n"
    with pytest.raises(SourceError, match="401") as refused:
        sources.resolve(access_for(url, [wrong], "default"), "main")
    assert "wrong" not in str(refused.value)
    with pytest.raises(SourceError, match="asks for credentials"):
        sources.resolve(anonymous(url), "main")


def test_a_commit_fetched_with_a_secret_stays_closed_to_others(git_server: GitServer, sources: GitSources) -> None:
    url = git_server.create("fleet", FILES)
    git_server.credentials = ("user", "right")
    secret = RepositorySecret.model_validate({"url": url, "username": "user", "password": "right", "secret_name": "s"})
    access = access_for(url, [secret], "default")
    commit = sources.resolve(access, "main").commit
    sources.reader(access, commit)
    with pytest.raises(SourceError, match="401"):
        sources.reader(anonymous(url), commit)


@pytest.mark.parametrize("status", [500, 503, 429, 403])
def test_a_server_in_trouble_is_asked_again_later(git_server: GitServer, sources: GitSources, status: int) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    git_server.faults = GitFaults(status=status)
    with pytest.raises(SourceUnavailable, match=str(status)):
        sources.resolve(access, "main")
    git_server.faults = GitFaults()
    assert sources.resolve(access, "main").binding == "refs/heads/main"


def test_a_server_that_is_down_is_unavailable_and_comes_back(git_server: GitServer, sources: GitSources) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    sources.resolve(access, "main")
    git_server.stop()
    with pytest.raises(SourceUnavailable):
        sources.resolve(access, "main")
    git_server.start()
    assert sources.resolve(access, "main").binding == "refs/heads/main"


@pytest.mark.parametrize("faults", [GitFaults(hang=True), GitFaults(bytes_per_s=1)], ids=["hangs", "one byte a second"])
def test_no_server_can_hold_a_worker_longer_than_its_time(
    git_server: GitServer, sources: GitSources, faults: GitFaults
) -> None:
    access = anonymous(git_server.create("fleet", FILES))
    commit = sources.resolve(access, "main").commit
    git_server.faults = faults
    for call in (lambda: sources.resolve(access, "main"), lambda: sources.fetch(access, [commit])):
        began = time.monotonic()
        with pytest.raises(SourceUnavailable):
            call()
        assert time.monotonic() - began < SHORT.fetch_s + 1.5
    git_server.faults = GitFaults()
    assert content(sources, access, commit, "app/a.yaml") == b"a: 1\n"


def test_a_repository_past_its_size_limit_is_refused(git_server: GitServer, tmp_path: Path) -> None:
    access = anonymous(git_server.create("fleet", {"app/a.bin": bytes(range(256)) * 4000, "app/b.yaml": "b"}))
    for limits, words in ((Limits(pack_bytes=500), "size limit"), (Limits(objects=2), "objects")):
        sources = GitSources(tmp_path / words, None, GitLimits(mirror=limits))
        with pytest.raises(SourceError, match=words):
            sources.fetch(access, [sources.resolve(access, "main").commit])


def test_a_server_of_the_old_protocol_is_read_by_libgit2(
    git_server: GitServer, sources: GitSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without the header that asks for version 2, this server is what an old one always is.
    monkeypatch.setattr(wire, "V2", {})
    monkeypatch.setattr(
        wire, "POST_HEADERS", {name: v for name, v in wire.POST_HEADERS.items() if name != "Git-Protocol"}
    )
    access = anonymous(git_server.create("fleet", FILES))
    git_server.repository("fleet").git("config", "uploadpack.allowAnySHA1InWant", "false")
    git_server.repository("fleet").git("tag", "-a", "-m", "one", "v1", "main")
    commit = sources.resolve(access, "v1").commit
    assert (sources.resolve(access, "main").commit, sources.refs(access).default_branch) == (commit, "refs/heads/main")
    assert content(sources, access, commit, "app/a.yaml") == b"a: 1\n"
    assert git_server.requests["ls-refs"] == 1, "what a server speaks is found out once"
