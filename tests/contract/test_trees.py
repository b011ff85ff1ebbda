"""Trees and results that workers share through Redis: found by others, and believed only when whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from reconciler.errors import SourceUnavailable
from reconciler.models.keys import CommitId
from reconciler.models.source import ApplicationSource
from reconciler.render.cache import RenderCache
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.renderer import Rendered, Renderer
from reconciler.render.request import RenderJob
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from reconciler.sources import Access, GitSources, TreeReader, access_for
from reconciler.sources.gitsource import GitLimits
from reconciler.sources.paths import Found, Walker
from reconciler.sources.transport import Timeouts
from reconciler.store.blobs import Blobs
from reconciler.store.client import Client, connect
from tests.support.renderer import a_config_map, renderer_binary
from tests.support.store import KEYRING, KEYS

SHORT = GitLimits(timeouts=Timeouts(connect_s=0.5, read_s=0.5, refs_s=0.5, fetch_s=0.5))
LARGE = bytes(range(256)) * 2000
FILES: dict[str, str | bytes | None] = {
    "app/a.yaml": a_config_map("a"),
    "other/b.yaml": a_config_map("b"),
    "app/large.bin": LARGE,
}


@pytest.fixture
def client(valkey: Valkey) -> Iterator[Client]:
    connected = connect(valkey.url)
    yield connected
    connected.close()


class Rig:
    """A commit that one worker has read and shared; Git is stopped."""

    def __init__(self, server: GitServer, client: Client, folder: Path) -> None:
        self.server, self.client, self.folder = server, client, folder
        self.access: Access = access_for(server.create("fleet", FILES), [], "default")
        first = self.worker("first")
        self.commit: CommitId = first.resolve(self.access, "main").commit
        reader = first.reader(self.access, self.commit)
        read(reader, "app/a.yaml")
        reader.publish()
        server.stop()

    def worker(self, name: str) -> GitSources:
        return GitSources(self.folder / name, Blobs(self.client, KEYS, KEYRING), SHORT)

    def reader(self, name: str) -> TreeReader:
        return self.worker(name).reader(self.access, self.commit)

    def keys(self, kind: str) -> list[bytes]:
        return sorted(cast("list[bytes]", self.client.keys(KEYS.blob(f"{kind}:*"))))


def read(reader: TreeReader, path: str) -> bytes:
    found = Walker(reader).find(path)
    assert isinstance(found, Found)
    data = reader.blob(found.entry, found.parent, 10_000_000)
    assert data is not None
    return data


@pytest.fixture
def rig(git_server: GitServer, client: Client, tmp_path: Path) -> Rig:
    return Rig(git_server, client, tmp_path)


def test_a_worker_with_an_empty_folder_reads_without_git_what_another_has_read(rig: Rig) -> None:
    reader = rig.reader("second")
    assert read(reader, "app/a.yaml") == a_config_map("a").encode()
    assert read(reader, "app/large.bin") == LARGE, "a file too large for its bundle lies beside it"


def test_what_nobody_has_read_needs_git(rig: Rig) -> None:
    with pytest.raises(SourceUnavailable):
        read(rig.reader("second"), "other/b.yaml")
    rig.server.start()
    assert read(rig.reader("second"), "other/b.yaml") == a_config_map("b").encode()


def test_an_emptied_redis_costs_a_fetch_and_nothing_else(rig: Rig) -> None:
    rig.client.flushall()
    with pytest.raises(SourceUnavailable):
        rig.reader("second")
    rig.server.start()
    assert read(rig.reader("second"), "app/a.yaml") == a_config_map("a").encode()


@pytest.mark.parametrize("kind", ["tree", "commit", "file"])
@pytest.mark.parametrize("damage", ["edited", "cut", "swapped"])
def test_a_bundle_that_somebody_touched_is_not_believed(rig: Rig, kind: str, damage: str) -> None:
    keys = rig.keys(kind)
    values = cast("list[bytes]", rig.client.mget(keys))
    for key, value in zip(keys, values, strict=True):
        other = next((v for v in cast("list[bytes]", rig.client.mget(rig.keys("*"))) if v != value), b"")
        touched = {"edited": value[:-1] + bytes([value[-1] ^ 1]), "cut": value[: len(value) // 2], "swapped": other}
        rig.client.set(key, touched[damage])
    with pytest.raises(SourceUnavailable):
        read(rig.reader("second"), "app/large.bin")
    rig.server.start()
    assert read(rig.reader("third"), "app/large.bin") == LARGE


def test_nothing_readable_lies_in_redis(rig: Rig) -> None:
    values = cast("list[bytes]", rig.client.mget(rig.keys("*")))
    assert values
    assert not any(b"ConfigMap" in value for value in values)


def test_a_result_is_found_by_another_worker_without_git_and_without_rendering(rig: Rig) -> None:
    pool = RendererPool(sandboxed_children(renderer_binary()), 1)
    try:
        first = render(rig, "first", pool)
    finally:
        pool.close()
    second = render(rig, "second", None)
    assert (first.hit, second.hit, second.bodies, second.digest) == (False, True, first.bodies, first.digest)


def test_a_result_that_somebody_touched_is_rendered_again(rig: Rig) -> None:
    pool = RendererPool(sandboxed_children(renderer_binary()), 1)
    try:
        first = render(rig, "first", pool)
        for key in (*rig.keys("render"), *rig.keys("reads")):
            rig.client.set(key, b"\0" + cast("bytes", rig.client.get(key)))
        again = render(rig, "second", pool)
    finally:
        pool.close()
    assert (again.hit, again.bodies) == (False, first.bodies)


def render(rig: Rig, name: str, pool: RendererPool | None) -> Rendered:
    """Rendered by a worker of its own; without a pool, whatever is not cached fails."""
    cache = RenderCache(Blobs(rig.client, KEYS, KEYRING))
    renderer = Renderer(cast("RendererPool", pool), cache, renderer_identity(renderer_binary()))
    source = ApplicationSource.model_validate(
        {"repoURL": rig.access.url, "path": "app", "directory": {"include": "a.*"}}
    )
    job = RenderJob(source, rig.access.url, rig.commit, "default", "refs/heads/main", "app")
    return renderer.render(job, rig.reader(name), deadline_s=10)
