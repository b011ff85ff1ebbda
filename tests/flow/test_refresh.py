"""From a push to the applications that read what it changed: real Git, real Valkey, a real control cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from reconciler.clusters import Catalog, Link, control_cluster
from reconciler.models.keys import AppKey, CommitId, EntryKey, RepoUrl, Revision
from reconciler.models.source import ApplicationSource
from reconciler.refresh import refresh_source
from reconciler.render.readset import ReadLog, RecordedFiles, Sight
from reconciler.render.request import RenderJob, prepare
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.githttp import GitFaults
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from reconciler.services import Services
from reconciler.settings import Settings
from reconciler.sources import Access, GitSources, Refs, access_for, accesses_for, canonical_url
from reconciler.sources.gitsource import GitLimits
from reconciler.sources.refs import expected_binding
from reconciler.sources.transport import Timeouts
from reconciler.store.blobs import Blobs
from reconciler.store.heads import Heads
from reconciler.store.readindex import ReadIndex
from tests.support.store import KEYRING, KEYS, Process, a_process

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHORT = Timeouts(connect_s=1.0, read_s=1.0, refs_s=1.0, fetch_s=2.0)


class Rig:
    """One repository, and applications that have read their folders of it."""

    def __init__(self, process: Process, catalog: Catalog, server: GitServer, folder: Path) -> None:
        self.process, self.server = process, server
        self.blobs = Blobs(process.client, KEYS, KEYRING)
        self.sources = GitSources(folder, self.blobs, GitLimits(timeouts=SHORT))
        self.index, self.heads = ReadIndex(process.client, KEYS), Heads(process.client, KEYS)
        settings, accesses = Settings(poll_s=60.0), lambda url: accesses_for(url, catalog.repositories().parsed)
        readers = SimpleNamespace(
            settings=settings, catalog=catalog, sources=self.sources, accesses=accesses, heads=self._heads
        )
        stores = SimpleNamespace(readindex=self.index, heads=self.heads)
        parts = SimpleNamespace(readers=readers, stores=stores, due=process.due)
        self.services = cast("Services", parts)
        self.repo = RepoUrl("")

    def _heads(self, access: Access, bindings: Iterable[str]) -> Mapping[str, Revision]:
        return self.sources.heads(access, bindings)

    def create(self, files: Mapping[str, str | bytes | None]) -> None:
        self.repo = canonical_url(self.server.create("fleet", files))

    def follow(self, name: str, path: str, revision: str = "main", tag_prefix: str = "") -> AppKey:
        """What a pass leaves behind that has rendered `path`."""
        app, access = AppKey("argocd", name), access_for(self.repo, [], "default")
        found = self.sources.resolve(access, revision, tag_prefix)
        log = ReadLog(self.repo, found.binding)
        source = ApplicationSource.model_validate({"repoURL": self.repo, "path": path})
        sight = Sight(self.sources.reader(access, found.commit))
        job = RenderJob(source, self.repo, found.commit, "default", found.binding, name)
        files = RecordedFiles(sight, log, file_limit_bytes=1000)
        prepare(job, sight, log)
        folder = path
        for entry in files.list(folder):
            if entry.type == "file":
                files.read(f"{folder}/{entry.name}")
        self.index.publish(app, [log.read_set()])
        return app

    def refresh(self) -> float | None:
        """One refresh, as a worker runs it."""
        entry = EntryKey("repo", self.repo)
        self.process.due.request(entry, lane="push", place="git")
        self.process.issue(entry)
        with self.process.due.hold(entry, "") as held:
            assert held is not None
            held.next_due_s = refresh_source(self.repo, self.services, held, now=NOON)
            return held.next_due_s

    def handled(self, binding: str) -> Revision | None:
        """The commit that applications following `binding` are to take."""
        head = self.heads.known(self.repo).get(binding)
        return head.current if head else None

    def woken(self) -> set[str]:
        """The applications that were made due since the last question."""
        names = set()
        for issued in self.process.due.drain():
            with self.process.due.hold(issued.entry, issued.uid) as held:
                if held and issued.entry.kind == "app":
                    names.add(issued.entry.app_key.name)
                    held.forget()
        return names


@pytest.fixture
def rig(
    control_plane: ControlPlane, namespace: str, valkey: Valkey, git_server: GitServer, tmp_path: Path
) -> Iterator[Rig]:
    with ExitStack() as stack:
        process = stack.enter_context(a_process(valkey))
        cluster = control_cluster(Settings(kubeconfig=control_plane.kubeconfig_path), Link())
        stack.callback(cluster.transport.close)
        yield Rig(process, Catalog(cluster, namespace), git_server, tmp_path / "data")


def a_fleet(rig: Rig) -> None:
    """Three applications at the first commit, all of it handled."""
    files = {f"apps/{name}/one.yaml": f"name: {name}\n" for name in ("a", "b", "c")}
    rig.create(files)
    for name in ("a", "b", "c"):
        rig.follow(name, f"apps/{name}")
    rig.refresh()
    rig.woken()


def test_a_push_wakes_the_applications_that_read_what_it_changed_and_no_others(rig: Rig) -> None:
    a_fleet(rig)
    commit = rig.server.commit("fleet", {"apps/b/one.yaml": "name: new\n", "README.md": "hello"})
    assert rig.refresh() == pytest.approx(60.0, rel=0.11)
    assert rig.woken() == {"b"}
    assert rig.handled("refs/heads/main") == commit


def test_a_push_of_nothing_that_is_read_wakes_nobody(rig: Rig) -> None:
    a_fleet(rig)
    rig.server.commit("fleet", {"docs/x.md": "x"})
    rig.refresh()
    assert rig.woken() == set()


@pytest.mark.parametrize(
    "change", [{"apps/a/new.yaml": "n"}, {"apps/a/one.yaml": None, "apps/a/two.yaml": "x"}, {"apps/a/Chart.yaml": "x"}]
)
def test_files_that_come_or_go_wake_who_listed_their_folder(rig: Rig, change: Mapping[str, str | None]) -> None:
    a_fleet(rig)
    rig.server.commit("fleet", change)
    rig.refresh()
    assert rig.woken() == {"a"}


def test_a_folder_that_goes_wakes_its_application(rig: Rig) -> None:
    a_fleet(rig)
    rig.server.commit("fleet", {"apps/c/one.yaml": None})
    rig.refresh()
    assert rig.woken() == {"c"}


def test_a_quiet_poll_is_one_look_and_wakes_nobody(rig: Rig) -> None:
    a_fleet(rig)
    rig.server.requests.clear()
    rig.refresh()
    assert (rig.woken(), dict(rig.server.requests)) == (set(), {"ls-refs": 1})


def test_branches_are_followed_apart(rig: Rig) -> None:
    a_fleet(rig)
    rig.server.repository("fleet").git("branch", "release", "main")
    rig.follow("released", "apps/a", "release")
    rig.refresh()
    assert rig.woken() == {"released"}, "the first look at a branch"
    rig.server.commit("fleet", {"apps/a/one.yaml": "new\n"})
    rig.refresh()
    assert rig.woken() == {"a"}


def test_a_tag_moves_who_follows_a_range_that_it_is_the_highest_of(rig: Rig) -> None:
    a_fleet(rig)
    repository = rig.server.repository("fleet")
    repository.git("tag", "web/1.2.0", "main")
    rig.follow("ranged", "apps/a", "^1.2", "web/")
    rig.refresh()
    rig.woken()
    commit = rig.server.commit("fleet", {"apps/a/one.yaml": "new\n"})
    rig.refresh()
    assert rig.woken() == {"a"}, "a push moves no tag"
    repository.git("tag", "web/1.1.9", commit)
    rig.refresh()
    assert rig.woken() == set(), "a lower tag"
    repository.git("tag", "web/1.3.0", commit)
    rig.refresh()
    assert rig.woken() == {"ranged"}
    assert rig.handled("semver:web/:^1.2") == commit
    repository.git("tag", "-d", "web/1.3.0")
    rig.refresh()
    assert rig.woken() == {"ranged"}, "back to the highest that is left"


def test_a_forced_push_and_a_deleted_branch_wake_all_that_follow(rig: Rig) -> None:
    a_fleet(rig)
    repository = rig.server.repository("fleet")
    repository.git("update-ref", "-d", "refs/heads/main")
    rig.refresh()
    assert rig.woken() == {"a", "b", "c"}
    assert rig.handled("refs/heads/main") is None
    rig.refresh()
    assert rig.woken() == set(), "a loss is told once"
    repository.commit({"apps/a/one.yaml": "forced\n"}, "Anew")
    rig.refresh()
    assert rig.woken() == {"a", "b", "c"}


def test_a_branch_that_appears_wakes_who_waits_for_it(rig: Rig) -> None:
    a_fleet(rig)
    waiting = AppKey("argocd", "waiting")
    rig.index.publish(waiting, [ReadLog(rig.repo, expected_binding("soon")).read_set()])
    rig.refresh()
    assert rig.woken() == set()
    rig.server.repository("fleet").git("branch", "soon", "main")
    rig.refresh()
    assert rig.woken() == {"waiting"}


@pytest.mark.parametrize("faults", [GitFaults(status=503), GitFaults(bytes_per_s=1)], ids=["503", "slow"])
def test_an_outage_wakes_nobody_and_is_over_with_the_next_look(rig: Rig, faults: GitFaults) -> None:
    a_fleet(rig)
    rig.server.commit("fleet", {"apps/b/one.yaml": "name: new\n"})
    rig.server.faults = faults
    assert rig.refresh() is not None
    assert rig.woken() == set()
    rig.server.faults = GitFaults()
    rig.refresh()
    assert rig.woken() == {"b"}


def test_credentials_that_are_refused_are_shown_by_each_application_once(rig: Rig) -> None:
    a_fleet(rig)
    rig.server.credentials = ("user", "password")
    rig.refresh()
    assert rig.woken() == {"a", "b", "c"}
    rig.refresh()
    assert rig.woken() == set()


def test_a_refresh_that_died_before_its_end_is_repeated(rig: Rig) -> None:
    a_fleet(rig)
    commit = Revision(rig.server.commit("fleet", {"apps/b/one.yaml": "name: new\n"}))
    rig.heads.begin(rig.repo, {"refs/heads/main": commit})
    rig.refresh()
    assert rig.woken() == {"b"}


def test_a_commit_that_a_pass_told_of_meanwhile_is_not_taken_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    a_fleet(rig)
    main, first = "refs/heads/main", rig.handled("refs/heads/main")
    rig.server.commit("fleet", {"apps/a/one.yaml": "second\n"})
    told: list[Revision] = []

    def refs(access: Access, prefixes: Sequence[str] = ()) -> Refs:
        seen = look(access, prefixes)
        told.append(Revision(rig.server.commit("fleet", {"apps/b/one.yaml": "third\n"})))
        assert rig.heads.advance(rig.repo, main, first, told[-1])
        return seen

    look = rig.sources.refs
    with monkeypatch.context() as patched:
        patched.setattr(rig.sources, "refs", refs)
        assert rig.refresh() == 0.0, "it looks again at once"
    assert rig.heads.known(rig.repo)[main].next == told[0]
    rig.refresh()
    assert rig.woken() == {"a", "b"}
    assert rig.handled(main) == told[0]


def test_a_repository_that_nobody_follows_is_forgotten(rig: Rig) -> None:
    a_fleet(rig)
    for name in ("a", "b", "c"):
        rig.index.forget(AppKey("argocd", name))
    assert rig.refresh() is None
    assert rig.process.due.seen(EntryKey("repo", rig.repo)) is None


def test_another_worker_reads_the_commit_without_git(rig: Rig, tmp_path: Path) -> None:
    a_fleet(rig)
    rig.server.commit("fleet", {"apps/b/one.yaml": "name: new\n", "apps/b/two.yaml": "2\n"})
    rig.refresh()
    rig.server.stop()
    other = GitSources(tmp_path / "other", Blobs(rig.process.client, KEYS, KEYRING))
    access = access_for(rig.repo, [], "default")
    commit = rig.handled("refs/heads/main")
    assert commit is not None
    files = RecordedFiles(Sight(other.reader(access, CommitId(commit))), ReadLog(rig.repo, "x"), file_limit_bytes=100)
    assert {entry.name for entry in files.list("apps/b")} == {"one.yaml", "two.yaml"}
    assert files.read("apps/b/two.yaml") == b"2\n"


def test_a_push_into_ten_thousand_folders_costs_little(rig: Rig) -> None:
    count = 10_000 if os.environ.get("RECONCILER_FULL") else 2_000
    rig.create({f"apps/{n:05}/{kind}.yaml": f"name: {n}-{kind}\n" for n in range(count) for kind in "ab"})
    for n in (3, 7):
        rig.follow(f"app-{n}", f"apps/{n:05}")
    rig.refresh()
    rig.woken()
    spent = []
    for turn in range(5):
        rig.server.commit("fleet", {"apps/00007/a.yaml": f"turn: {turn}\n"})
        began, cpu = time.monotonic(), time.thread_time()
        rig.refresh()
        spent.append((time.thread_time() - cpu, time.monotonic() - began))
        assert rig.woken() == {"app-7"}
    cpu_s, wall_s = (min(column) for column in zip(*spent, strict=True))
    assert cpu_s < 0.05
    assert wall_s < 0.5
    print(f"refresh of one changed file among {count} folders: {cpu_s * 1e3:.1f} ms CPU, {wall_s * 1e3:.0f} ms")
