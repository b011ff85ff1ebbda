"""Watches against real API servers that expire, break, fall silent, restart, and come back empty."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from reconciler.clusters.connections import Timeouts
from reconciler.clusters.envelopes import Raw, decode_head
from reconciler.clusters.kubeconfig import control_endpoint
from reconciler.clusters.listing import Selector
from reconciler.clusters.streams import Streams
from reconciler.clusters.watch import Collection, NotServed, Patience, Watch
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane, ControlPlaneOptions
from tests.support.servers import a_control_plane

HASTY = Patience(silence_s=1.0, rotate_s=30, first_wait_s=0.05, last_wait_s=0.2)
DEADLINE_S = 30.0


class Mirror:
    """A sink that holds what the collection holds, by the watch's word alone."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.faults: list[str] = []
        self.bunches = 0
        self._listing: dict[str, Any] = {}

    def begin(self) -> None:
        self._listing = {}

    def listed(self, raw: Raw, api_version: str) -> None:
        assert api_version == "v1"
        self._listing[decode_head(raw).metadata.name] = msgspec.json.decode(raw)

    def complete(self) -> None:
        self.known = self._listing

    def event(self, kind: str, raw: Raw) -> None:
        body = msgspec.json.decode(raw)
        if kind == "DELETED":
            self.known.pop(body["metadata"]["name"], None)
        else:
            self.known[body["metadata"]["name"]] = body

    def flush(self) -> None:
        self.bunches += 1

    def failed(self, reason: str) -> None:
        self.faults.append(reason)

    def holds(self, *names: str) -> bool:
        return set(self.known) >= set(names)


def a_config_map(namespace: str, name: str, **data: str) -> Json:
    metadata = {"namespace": namespace, "name": name, "labels": {"watched": "yes"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def in_namespace(namespace: str) -> Collection:
    return Collection(f"/api/v1/namespaces/{namespace}/configmaps", Selector(labels="watched=yes"), page=2)


@asynccontextmanager
async def watching(plane: ControlPlane, *watches: tuple[Collection, Mirror, Patience]) -> Any:
    """Runs the watches over one set of streams; yields them."""
    streams = Streams(control_endpoint(plane.kubeconfig_path, None), Timeouts(connect_s=0.5, request_s=5))
    running = [Watch(streams, *watch) for watch in watches]
    tasks = [asyncio.create_task(watch.run()) for watch in running]
    try:
        yield running
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await streams.close()
        await asyncio.sleep(0)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - the sinks under test know no event to wait for
            await asyncio.sleep(0.02)


async def off_loop(call: Callable[..., object], *args: object, **kwargs: object) -> None:
    await asyncio.to_thread(call, *args, **kwargs)


def played(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def frail_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane for this file alone, to be killed, paused and emptied."""
    plane = a_control_plane(tmp_path_factory.mktemp("frail"), ControlPlaneOptions(name="frail", audit=False))
    yield plane
    plane.stop()


def test_a_collection_is_listed_over_all_pages_and_then_followed(control_plane: ControlPlane, namespace: str) -> None:
    api, mirror = control_plane.api, Mirror()
    api.apply_all(a_config_map(namespace, f"m{i}") for i in range(5))

    async def scene() -> None:
        async with watching(control_plane, (in_namespace(namespace), mirror, HASTY)):
            await until(lambda: mirror.holds("m0", "m1", "m2", "m3", "m4"))
            await off_loop(api.apply, a_config_map(namespace, "m5", a="1"))
            await off_loop(api.apply, a_config_map(namespace, "m0", a="2"))
            await off_loop(api.delete, f"/api/v1/namespaces/{namespace}/configmaps/m1")
            await until(lambda: "m1" not in mirror.known and mirror.holds("m5"))
            assert mirror.known["m0"]["data"] == {"a": "2"}

    played(scene)


def test_a_collection_that_cannot_be_read_fails_alone(control_plane: ControlPlane, namespace: str) -> None:
    good, bad = Mirror(), Mirror()
    control_plane.api.apply(a_config_map(namespace, "present"))

    async def scene() -> None:
        nowhere = Collection("/version")
        async with watching(control_plane, (nowhere, bad, HASTY), (in_namespace(namespace), good, HASTY)):
            await until(lambda: good.holds("present") and bad.faults)
            assert good.faults == []
            assert bad.known == {}

    played(scene)


def test_a_collection_that_is_not_served_ends_its_watch(control_plane: ControlPlane) -> None:
    mirror = Mirror()

    async def scene() -> None:
        streams = Streams(control_endpoint(control_plane.kubeconfig_path, None), Timeouts())
        try:
            with pytest.raises(NotServed):
                await Watch(streams, Collection("/apis/nowhere.test/v1/things"), mirror, HASTY).run()
        finally:
            await streams.close()

    played(scene)
    assert mirror.faults


def test_a_collection_over_several_namespaces_is_listed_again_and_again(
    control_plane: ControlPlane, namespace: str
) -> None:
    api, mirror, other = control_plane.api, Mirror(), f"{namespace}-2"
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}})
    api.apply_all([a_config_map(namespace, "here"), a_config_map(other, "there")])

    async def scene() -> None:
        both = replace(in_namespace(namespace), more=(in_namespace(other).path,))
        async with watching(control_plane, (both, mirror, replace(HASTY, several_s=0.1))):
            await until(lambda: mirror.holds("here", "there"))
            await off_loop(api.delete, f"{in_namespace(other).path}/there")
            await until(lambda: set(mirror.known) == {"here"})

    played(scene)


def test_a_new_list_can_be_asked_for_at_any_time(control_plane: ControlPlane, namespace: str) -> None:
    mirror = Mirror()
    control_plane.api.apply(a_config_map(namespace, "present"))

    async def scene() -> None:
        async with watching(control_plane, (in_namespace(namespace), mirror, HASTY)) as (watch,):
            await until(lambda: mirror.holds("present"))
            mirror.known["dropped on the way"] = {}
            watch.relist()
            await until(lambda: set(mirror.known) == {"present"})
            assert watch.relists == 2

    played(scene)


def test_a_quiet_stream_is_opened_again_where_it_was(control_plane: ControlPlane, namespace: str) -> None:
    mirror = Mirror()
    control_plane.api.apply(a_config_map(namespace, "present"))

    async def scene() -> None:
        async with watching(control_plane, (in_namespace(namespace), mirror, HASTY)) as (watch,):
            await until(lambda: any("timed out" in fault for fault in mirror.faults))
            await off_loop(control_plane.api.apply, a_config_map(namespace, "later"))
            await until(lambda: mirror.holds("present", "later"))
            assert watch.relists == 1

    played(scene)


def test_a_polled_collection_needs_no_stream(control_plane: ControlPlane, namespace: str) -> None:
    mirror = Mirror()
    control_plane.api.apply(a_config_map(namespace, "present"))

    async def scene() -> None:
        polled = replace(HASTY, poll_s=0.1)
        async with watching(control_plane, (in_namespace(namespace), mirror, polled)) as (watch,):
            await until(lambda: mirror.holds("present"))
            await off_loop(control_plane.api.apply, a_config_map(namespace, "later"))
            await until(lambda: mirror.holds("later"))
            assert watch.relists > 1
            assert mirror.bunches == 0

    played(scene)


def test_a_server_that_is_killed_and_restarted_is_listed_anew(frail_plane: ControlPlane) -> None:
    mirror = Mirror()
    frail_plane.api.apply(a_config_map("default", "before"))

    async def scene() -> None:
        async with watching(frail_plane, (in_namespace("default"), mirror, HASTY)) as (watch,):
            await until(lambda: mirror.holds("before"))
            await off_loop(frail_plane.restart)
            await off_loop(frail_plane.api.apply, a_config_map("default", "after"))
            await until(lambda: mirror.holds("before", "after"))
            assert watch.relists > 1

    played(scene)


def test_a_version_that_is_too_old_is_answered_by_a_new_list(frail_plane: ControlPlane) -> None:
    mirror = Mirror()
    old = frail_plane.api.apply(a_config_map("default", "old"))["metadata"]["resourceVersion"]
    frail_plane.api.apply(a_config_map("default", "old", a="newer"))
    # A restarted server's memory of past changes begins where it started.
    frail_plane.restart()

    async def scene() -> None:
        async with watching(frail_plane, (in_namespace("default"), mirror, HASTY)) as (watch,):
            watch._version = old
            await until(lambda: mirror.holds("old"))
            assert mirror.faults == ["expired"]
            assert watch.relists == 1

    played(scene)


def test_a_server_that_holds_connections_and_says_nothing_is_noticed_and_waited_for(frail_plane: ControlPlane) -> None:
    mirror = Mirror()
    frail_plane.api.apply(a_config_map("default", "before"))

    async def scene() -> None:
        async with watching(frail_plane, (in_namespace("default"), mirror, HASTY)):
            await until(lambda: mirror.holds("before"))
            frail_plane.pause()
            try:
                await until(lambda: len(mirror.faults) >= 2)
            finally:
                frail_plane.resume()
            await off_loop(frail_plane.api.apply, a_config_map("default", "woken"))
            await until(lambda: mirror.holds("woken"))

    played(scene)


def test_a_server_that_comes_back_empty_empties_the_collection(frail_plane: ControlPlane) -> None:
    mirror = Mirror()
    frail_plane.api.apply(a_config_map("default", "lost"))

    async def scene() -> None:
        async with watching(frail_plane, (in_namespace("default"), mirror, HASTY)):
            await until(lambda: mirror.holds("lost"))
            await off_loop(frail_plane.restart, empty=True)
            await until(lambda: "lost" not in mirror.known)
            await off_loop(frail_plane.api.apply, a_config_map("default", "new"))
            await until(lambda: set(mirror.known) == {"new"})

    played(scene)
