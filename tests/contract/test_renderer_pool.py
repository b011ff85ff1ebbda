"""The pool over real children: who gets which child, and who stands ready when one is gone."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.render.pool import RendererBusy, RendererPool, renderer_identity, sandboxed_children
from reconciler.render.protocol import DirEntry, RendererDied, SandboxRefused
from tests.support.renderer import MemoryFiles, a_config_map, a_request, renderer_binary

FILES = {"a.yaml": a_config_map("a")}
DEADLINE_S = 20.0


@pytest.fixture
def pool() -> Iterator[RendererPool]:
    pool = RendererPool(sandboxed_children(renderer_binary()), size=2)
    yield pool
    pool.close()


def render(pool: RendererPool, project: str = "") -> int:
    return len(pool.render(a_request(project=project), MemoryFiles(FILES), deadline_s=DEADLINE_S).bodies)


class _Killing(MemoryFiles):
    """Kills every child of this process, the spare and the one at work, and waits until they are dead."""

    def read(self, path: str) -> bytes:
        killed = children_of_this_process()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        for pid in killed:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return super().read(path)


def children_of_this_process() -> set[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    pids = {int(pid) for task in tasks for pid in task.read_text().split()}
    return {pid for pid in pids if Path(f"/proc/{pid}/exe").resolve() == renderer_binary()}


def test_a_successor_is_ready_after_a_death_and_the_worker_goes_on(pool: RendererPool) -> None:
    before = os.getpid(), set(pool.pids())
    with pytest.raises(RendererDied):
        pool.render(a_request(), _Killing(FILES), deadline_s=DEADLINE_S)
    assert render(pool) == 1
    assert os.getpid() == before[0]
    assert not set(pool.pids()) & before[1]


def test_one_project_keeps_its_child_and_another_gets_a_fresh_one(pool: RendererPool) -> None:
    def child_of(project: str) -> int:
        render(pool, project)
        return pool.pids()[-2]  # the one given back last; the spare comes last

    mine = child_of("mine")
    assert child_of("mine") == mine
    other = child_of("other")
    assert other != mine
    assert child_of("mine") == mine
    third = child_of("third")
    assert third not in (mine, other)
    assert child_of("other") != other  # idle for longest, it had made room


def test_a_child_that_has_seen_a_secret_is_not_used_again(pool: RendererPool) -> None:
    request = replace(a_request(project="mine"), retire_child=True)
    pool.render(request, MemoryFiles(FILES), deadline_s=DEADLINE_S)
    assert len(pool.pids()) == 1


def test_children_are_replaced_on_request(pool: RendererPool) -> None:
    render(pool, "mine")
    before = set(pool.pids()[:-1])
    pool.replace_children()
    assert not set(pool.pids()) & before
    assert render(pool, "mine") == 1


def test_many_threads_share_few_children(pool: RendererPool) -> None:
    with ThreadPoolExecutor(6) as threads:
        counts = list(threads.map(lambda n: render(pool, f"project-{n % 3}"), range(120)))
    assert counts == [1] * 120
    assert len(children_of_this_process()) == len(pool.pids()) <= 3


class _Waiting(MemoryFiles):
    def __init__(self) -> None:
        super().__init__(FILES)
        self.reached, self.go_on = threading.Semaphore(0), threading.Event()

    def list(self, path: str) -> Sequence[DirEntry]:
        self.reached.release()
        assert self.go_on.wait(DEADLINE_S)
        return super().list(path)


def test_who_finds_every_child_busy_until_the_deadline_is_told_to_come_again(pool: RendererPool) -> None:
    files = _Waiting()
    with ThreadPoolExecutor(2) as threads:
        held = [threads.submit(pool.render, a_request(), files, deadline_s=DEADLINE_S) for _ in range(2)]
        for _ in held:
            assert files.reached.acquire(timeout=DEADLINE_S)
        with pytest.raises(RendererBusy):
            pool.render(a_request(), MemoryFiles(FILES), deadline_s=0.05)
        files.go_on.set()
        assert [len(answer.result().bodies) for answer in held] == [1, 1]


def test_closing_ends_the_idle_children_and_those_at_work_when_they_are_done(pool: RendererPool) -> None:
    files = _Waiting()
    render(pool, "idle")
    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(pool.render, a_request(), files, deadline_s=DEADLINE_S)
        assert files.reached.acquire(timeout=DEADLINE_S)
        pool.close()
        assert len(children_of_this_process()) == 1
        files.go_on.set()
        assert len(held.result().bodies) == 1
    assert children_of_this_process() == set()


def test_a_pool_of_children_without_proof_does_not_start(tmp_path: Path) -> None:
    binary = tmp_path / "renderer"
    binary.write_text("#!/bin/sh\nexit 1\n")
    binary.chmod(0o700)
    with pytest.raises(SandboxRefused):
        RendererPool(sandboxed_children(binary), size=1)


def test_a_program_is_known_by_its_content(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"one")
    second.write_bytes(b"one")
    assert renderer_identity(first) == renderer_identity(second)
    second.write_bytes(b"two")
    assert renderer_identity(first) != renderer_identity(second)
