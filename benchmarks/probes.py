"""What this machine can do at best, now: the same requests as a scenario makes, in a loop without any thought.

P1  one server-side apply of the ConfigMap and one status patch of an Application: pairs a second
P3  a write is sent → its watch event is there, which may be before the answer: seconds
P4  `git ls-remote` and `git fetch` after a commit of one file: seconds
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import fleet
from benchmarks.figures import Spread, percentile
from benchmarks.fleet import Member
from benchmarks.wire import APPLICATIONS, CONFIG_MAPS, JSON_PATCH, Seen, Watcher, Wire
from reconciler.sandbox import control
from reconciler.sandbox.api import Api, Json
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.kubeconfig import Access
from reconciler.sandbox.repositories import run_git
from reconciler.sandbox.waiting import wait_for

NAMESPACE, ACCOUNT = "probes", "probe"
THREADS = (4, 8, 16)
PAIRS = 320
REPEATS = 40


@dataclass(frozen=True, slots=True)
class Pairs:
    """P1. `by_threads`: pairs a second by number of threads."""

    by_threads: dict[int, float]

    @property
    def per_s(self) -> float:
        return max(self.by_threads.values())


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of one API server and one Git server, as a user to whom flow control applies."""

    admin: Api
    access: Access
    git: GitServer
    folder: Path

    @classmethod
    def prepare(cls, admin: Api, git: GitServer, folder: Path) -> Probes:
        """Makes the probes' own namespace and account; fleet.prepare_clusters has made the roles."""
        admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        metadata = {"namespace": fleet.ACCOUNTS_NAMESPACE, "name": ACCOUNT}
        admin.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
        admin.apply(fleet.binding(NAMESPACE, ACCOUNT))
        return cls(admin, fleet.account(admin, ACCOUNT), git, folder)

    def pairs(self, threads: tuple[int, ...] = THREADS) -> Pairs:
        """P1, and its leavings removed. Raises Refused."""
        with self._applications(PAIRS):
            return Pairs({count: self._pairs(count) for count in threads})

    def event_s(self) -> Spread:
        """P3. Raises Refused, TimeoutError."""
        heard: dict[str, float] = {}

        def hear(_: str, seen: Seen, now: float) -> None:
            heard.setdefault(seen.data.get("generation", ""), now)

        watcher = Watcher(self.access, CONFIG_MAPS, hear)
        wire, member = Wire(self.access), _probe(0)
        try:
            return Spread.of([_lag_s(wire, member, f"p3-{turn}", heard) for turn in range(REPEATS)])
        finally:
            watcher.close()
            self._remove(CONFIG_MAPS)

    def apply_s(self) -> Spread:
        """One server-side apply that changes a ConfigMap, alone."""
        wire, member = Wire(self.access), _probe(0)
        try:
            return Spread.of([_timed(lambda turn=turn: _apply(wire, member, f"a-{turn}")) for turn in range(REPEATS)])  # type: ignore[misc]
        finally:
            self._remove(CONFIG_MAPS)

    def fetch_s(self) -> float:
        """P4, the median. Raises subprocess.CalledProcessError."""
        url = self.git.create("probe", fleet.repository_files([_probe(number) for number in range(100)]))
        clone = self.folder / "probe-clone.git"
        run_git("clone", "--quiet", "--bare", url, str(clone), cwd=self.folder)
        return percentile([self._fetched_s(url, clone, turn) for turn in range(REPEATS // 2)], 50)

    def _fetched_s(self, url: str, clone: Path, turn: int) -> float:
        member = _probe(turn)
        self.git.repository("probe").commit({member.file: member.manifest(f"{turn + 1}")}, "Change")

        def look_and_fetch() -> None:
            run_git("ls-remote", url, "refs/heads/main", cwd=clone)
            run_git("fetch", "--quiet", url, "+refs/heads/main:refs/heads/main", cwd=clone)

        return _timed(look_and_fetch)

    def _pairs(self, threads: int) -> float:
        wire = Wire(self.access, connections=threads)
        numbers = iter(range(PAIRS))
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                _apply(wire, _probe(number), f"{threads}")
                wire.patch(_application_path(_probe(number)), _STATUS, JSON_PATCH)

        started = time.monotonic()
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()
        elapsed_s = time.monotonic() - started
        self._remove(CONFIG_MAPS)
        return PAIRS / elapsed_s

    @contextmanager
    def _applications(self, count: int) -> Iterator[None]:
        fleet.in_parallel(self._create, [_probe(number) for number in range(count)])
        try:
            yield
        finally:
            self._remove(APPLICATIONS)

    def _create(self, member: Member) -> None:
        body = member.application("https://example.com/probe.git", "https://probe.example.com")
        self.admin.create({**body, "metadata": {"name": member.name, "namespace": NAMESPACE}})

    def _remove(self, collection: str) -> None:
        group, _, plural = collection.rpartition("/")
        self.admin.delete(f"{group}/namespaces/{NAMESPACE}/{plural}")


def _probe(number: int) -> Member:
    return Member(number, 1)


def _application_path(member: Member) -> str:
    return f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications/{member.name}"


def _apply(wire: Wire, member: Member, generation: str) -> None:
    wire.apply(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{member.name}", _config_map(member, generation))


def _config_map(member: Member, generation: str) -> bytes:
    data = {f"row-{row:02}": f"{member.name} ".ljust(64, "x") for row in range(24)}
    tracking = f"{member.name}:/ConfigMap:{NAMESPACE}/{member.name}"
    metadata = {"name": member.name, "annotations": {"argocd.argoproj.io/tracking-id": tracking}}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {**data, "generation": generation}}
    return json.dumps(body).encode()


def _lag_s(wire: Wire, member: Member, generation: str, heard: dict[str, float]) -> float:
    sent = time.monotonic()
    _apply(wire, member, generation)
    wait_for(lambda: generation in heard, f"the event of {generation}", timeout_s=10, every_s=0.001)
    return heard[generation] - sent


def _timed(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


def _status() -> Json:
    """A status of the size that a sync of one object leaves."""
    resource = {"version": "v1", "kind": "ConfigMap", "namespace": NAMESPACE, "name": "app-00000", "status": "Synced"}
    source = {"repoURL": "https://example.com/probe.git", "path": "apps/000/app-00000", "targetRevision": "main"}
    instant, commit = "2026-01-01T00:00:00Z", "0" * 40
    result = {"resources": [{**resource, "message": "configmap/app-00000 serverside-applied", "syncPhase": "Sync"}]}
    state = {"phase": "Succeeded", "message": "successfully synced", "startedAt": instant, "finishedAt": instant}
    operation = {"sync": {"revision": commit, "prune": True}, "initiatedBy": {"automated": True}}
    return {
        "sync": {"status": "Synced", "revision": commit, "comparedTo": {"source": source}},
        "health": {"status": "Healthy", "lastTransitionTime": instant},
        "resources": [resource],
        "history": [{"id": 0, "revision": commit, "deployedAt": instant, "deployStartedAt": instant, "source": source}],
        "operationState": {**state, "operation": operation, "syncResult": {**result, "revision": commit}},
        "reconciledAt": instant,
        "sourceType": "Directory",
        "controllerNamespace": control.NAMESPACE,
    }


_STATUS = json.dumps([{"op": "add", "path": "/status", "value": _status()}]).encode()
