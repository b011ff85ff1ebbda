"""Rendering with the real renderer and real Git: what is rendered, and what is not rendered again."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from reconciler.errors import SourceError
from reconciler.models.application import Application
from reconciler.models.keys import CommitId
from reconciler.models.source import ApplicationSource
from reconciler.render.cache import RenderCache
from reconciler.render.explain import Explanation, explained
from reconciler.render.offline import render_offline
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.readset import ReadLog
from reconciler.render.renderer import Rendered, Renderer
from reconciler.render.request import RenderJob
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.repositories import Repository
from reconciler.sandbox.valkey import Valkey
from reconciler.sources import GitSources, access_for
from reconciler.store.blobs import Blobs
from reconciler.store.client import connect
from reconciler.store.turns import Turns
from tests.support.renderer import a_config_map, renderer_binary
from tests.support.store import KEYRING, KEYS

FLEET = {f"apps/{n}/{kind}.yaml": a_config_map(f"{kind}-{n}", n=str(n)) for n in range(3) for kind in ("one", "two")}


@pytest.fixture(scope="module")
def pool() -> Iterator[RendererPool]:
    started = RendererPool(sandboxed_children(renderer_binary()), 1)
    yield started
    started.close()


@pytest.fixture
def renderer(pool: RendererPool) -> Renderer:
    return Renderer(pool, RenderCache(None), renderer_identity(renderer_binary()))


class Rig:
    """One repository, read and rendered as a worker does it."""

    def __init__(self, server: GitServer, folder: Path, renderer: Renderer) -> None:
        self.server = server
        self.access = access_for(server.create("fleet", dict(FLEET)), [], "default")
        self.sources = GitSources(folder, None)
        self.renderer = renderer

    def push(self, **files: str | None) -> None:
        self.server.commit("fleet", {path.replace("__", "/"): text for path, text in files.items()})

    def job(self, path: str, commit: CommitId, *, instance: str = "app", **source: Any) -> RenderJob:
        spec = ApplicationSource.model_validate({"repoURL": self.access.url, "path": path, **source})
        return RenderJob(spec, self.access.url, commit, "default", "refs/heads/main", instance)

    def render(self, path: str, *, log: ReadLog | None = None, instance: str = "app", **source: Any) -> Rendered:
        commit = self.sources.resolve(self.access, "main").commit
        job = self.job(path, commit, instance=instance, **source)
        return self.renderer.render(job, self.sources.reader(self.access, commit), deadline_s=10, log=log)


@pytest.fixture
def rig(git_server: GitServer, tmp_path: Path, renderer: Renderer) -> Rig:
    return Rig(git_server, tmp_path / "data", renderer)


def names(rendered: Rendered) -> list[str]:
    return [body["metadata"]["name"] for body in rendered.bodies]


def test_a_commit_that_touches_something_else_renders_nothing(rig: Rig) -> None:
    first = rig.render("apps/1")
    rig.push(**{"apps/0/one.yaml": a_config_map("changed"), "README.md": "hello"})
    second = rig.render("apps/1")
    assert (first.hit, second.hit, names(second)) == (False, True, ["one-1", "two-1"])
    assert second.digest == first.digest
    assert second.reads == first.reads


def test_a_commit_that_touches_what_was_read_renders_again(rig: Rig) -> None:
    first = rig.render("apps/1")
    rig.push(**{"apps/1/three.yaml": a_config_map("three")})
    second = rig.render("apps/1")
    assert (second.hit, names(second)) == (False, ["one-1", "three", "two-1"])
    rig.push(**{"apps/1/three.yaml": None})
    third = rig.render("apps/1")
    assert (third.hit, third.digest) == (True, first.digest), "a revert is known"


def test_what_many_want_at_once_is_rendered_by_one_of_them(rig: Rig, valkey: Valkey, pool: RendererPool) -> None:
    client = connect(valkey.url)

    def process() -> Renderer:
        cache = RenderCache(Blobs(client, KEYS, KEYRING), Turns(client, KEYS))
        return Renderer(pool, cache, renderer_identity(renderer_binary()))

    commit = rig.sources.resolve(rig.access, "main").commit
    tree, processes = rig.sources.reader(rig.access, commit), [process(), process()]
    with ThreadPoolExecutor(8) as threads:
        asked = [
            threads.submit(processes[n % 2].render, rig.job("apps/1", commit), tree, deadline_s=60) for n in range(8)
        ]
        rendered = [one.result(timeout=60) for one in asked]
    assert [one.hit for one in rendered].count(False) == 1
    assert {one.digest for one in rendered} == {rendered[0].digest}


def test_applications_of_one_folder_share_one_rendering(rig: Rig) -> None:
    assert not rig.render("apps/1", instance="one").hit
    assert rig.render("apps/1", instance="two").hit


def test_a_file_that_says_another_tool_is_meant_is_seen_through_the_cache(rig: Rig) -> None:
    before = rig.render("apps/1")
    rig.push(**{"apps/1/kustomization.yaml": "resources: [one.yaml]\nnamePrefix: x-"})
    after = rig.render("apps/1")
    assert (before.source_type, after.source_type) == ("Directory", "Kustomize")
    assert [body["metadata"]["name"] for body in after.bodies] == ["x-one-1"]


def test_a_rendering_is_explained_by_its_key_its_reads_and_what_changed(rig: Rig) -> None:
    def told(**source: Any) -> Explanation:
        commit = rig.sources.resolve(rig.access, "main").commit
        job = rig.job("apps/1", commit, **source)
        return explained(rig.renderer, job, rig.sources.reader(rig.access, commit), deadline_s=10)

    first, second = told(), told()
    assert (first.rendered.hit, first.reason) == (False, "nothing is remembered of these parameters")
    assert (second.rendered.hit, second.key) == (True, first.key)
    assert second.reason == "all 3 answers that were recorded with these parameters are the same now"
    assert {read.path for read in second.rendered.reads} >= {"apps/1/one.yaml", "apps/1/kustomization.yaml"}

    rig.push(**{"apps/1/one.yaml": a_config_map("one-1", n="changed")})
    third = told()
    assert (third.rendered.hit, third.key) == (False, first.key)
    assert third.reason.endswith("since the newest changed: file apps/1/one.yaml")
    assert told(directory={"include": "*.yaml"}).key != first.key


def test_what_a_failed_rendering_read_is_known(rig: Rig) -> None:
    rig.push(**{"apps/1/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n"})
    log = ReadLog(rig.access.url, "refs/heads/main")
    with pytest.raises(SourceError, match=r"apps/1/one\.yaml"):
        rig.render("apps/1", log=log)
    assert ("file", "apps/1/one.yaml") in {(read.kind, read.path) for read in log.reads}


def test_a_link_out_of_the_repository_is_refused_without_a_word_of_its_target(rig: Rig) -> None:
    repository = rig.server.repository("fleet")
    blob = repository.git("hash-object", "-w", "--stdin", stdin=b"../../../../etc/passwd").strip()
    tree = repository.git("mktree", stdin=f"120000 blob {blob}\tout.yaml\n".encode()).strip()
    root = repository.git("mktree", stdin=f"040000 tree {tree}\tapp\n".encode()).strip()
    repository.git("update-ref", "refs/heads/main", repository.git("commit-tree", "-m", "out", root).strip())
    with pytest.raises(SourceError, match=r"app/out\.yaml") as refused:
        rig.render("app")
    assert "passwd" not in str(refused.value)


def test_a_hit_costs_less_than_a_millisecond_and_asks_no_child(rig: Rig, pool: RendererPool) -> None:
    cache, identity = RenderCache(None), renderer_identity(renderer_binary())
    commit = rig.sources.resolve(rig.access, "main").commit
    job = rig.job("apps/1", commit)
    Renderer(pool, cache, identity).render(job, rig.sources.reader(rig.access, commit), deadline_s=10)
    childless = Renderer(cast("RendererPool", None), cache, identity)
    spent = []
    for _ in range(50):
        began = time.thread_time()
        assert childless.render(job, rig.sources.reader(rig.access, commit), deadline_s=10).hit
        spent.append(time.thread_time() - began)
    assert statistics.median(spent) < 0.001


def an_application(**source: Any) -> Application:
    spec = {"source": {"repoURL": "https://git.corp/a", "path": "apps/1", **source}, "destination": {}, "project": "p"}
    return Application.parse({"metadata": {"name": "app", "namespace": "argocd"}, "spec": spec})


def test_an_application_renders_offline_from_a_folder(renderer: Renderer, tmp_path: Path) -> None:
    for path, text in FLEET.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    bodies = render_offline(an_application(), {"https://git.corp/a.git": tmp_path}, renderer, deadline_s=10)
    assert [body["metadata"]["name"] for body in bodies] == ["one-1", "two-1"]
    (tmp_path / "apps/1/out.yaml").symlink_to("../../../secret")
    with pytest.raises(SourceError, match=r"apps/1/out\.yaml"):
        render_offline(an_application(), {"https://git.corp/a.git": tmp_path}, renderer, deadline_s=10)


def test_an_application_renders_offline_from_a_revision_of_a_repository(renderer: Renderer, tmp_path: Path) -> None:
    repository = Repository.create(tmp_path / "a.git")
    first = repository.commit(dict(FLEET), "Start")
    repository.commit({"apps/1/two.yaml": None}, "Less")
    where = {"https://git.corp/a": tmp_path / "a.git"}
    assert len(render_offline(an_application(targetRevision=first), where, renderer, deadline_s=10)) == 2
    assert len(render_offline(an_application(), where, renderer, deadline_s=10)) == 1
    with pytest.raises(SourceError, match="unable to resolve"):
        render_offline(an_application(targetRevision="nope"), where, renderer, deadline_s=10)


def test_a_repository_that_was_not_given_is_named(renderer: Renderer) -> None:
    with pytest.raises(SourceError, match=r"--repo https://git\.corp/a=DIR"):
        render_offline(an_application(), {}, renderer, deadline_s=10)
