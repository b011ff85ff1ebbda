"""A whole sandbox with a fleet whose every object says which commit it is from, to be hit and then judged.

Two destinations with controllers: `east` directly, `west` through a proxy that can misbehave.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from urllib3.exceptions import HTTPError

from reconciler.models.keys import AppKey, EntryKey, Lane
from reconciler.models.manifest import JsonObject
from reconciler.sandbox import control
from reconciler.sandbox.api import ApiError
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.everything import (
    APPLICATIONS,
    DEPLOYER,
    Sandbox,
    SandboxOptions,
    _full_rights,
    start_sandbox,
    state_of,
)
from reconciler.sandbox.waiting import wait_for
from reconciler.settings import Settings
from reconciler.store.client import connect
from reconciler.store.keys import Keys
from tests.support.audit import AuditEvent, AuditLog
from tests.support.faultproxy import FaultProxy
from tests.support.fleets import FLEET, KINDS, an_application, manifests_of, stamped
from tests.support.history import GENERATION, RESOURCES, generation, history_of, object_id
from tests.support.judge import complaints, left_behind
from tests.support.tail import Tail

REPO = "judged"
CONVERGE_S = 60.0


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault in the middle of an operation. `counts` when some but not all writes of it came before."""

    counts: bool
    recovery_s: float


@dataclass
class Rig:
    """A sandbox, its fleet, and what Git wants at the moment."""

    sandbox: Sandbox
    proxy: FaultProxy
    places: Mapping[str, str]
    """Destination by application; an application's namespace has its name."""

    wanted: dict[str, JsonObject] = field(default_factory=dict)
    """Manifest by path, as the newest commit has it."""

    number: int = 0
    deleted: dict[str, datetime] = field(default_factory=dict)

    def push(self, changes: Mapping[str, JsonObject | None] | None = None) -> int:
        """Commits a new generation of everything, or of the manifests given (None removes one); its number."""
        self.number += 1
        given = dict(self.wanted) if changes is None else dict(changes)
        files = {path: stamped(body, self.number) if body else None for path, body in given.items()}
        self.wanted = {path: body for path, body in {**self.wanted, **files}.items() if body}
        texts = {path: json.dumps(body) if body else None for path, body in files.items()}
        self.sandbox.git.commit(REPO, texts, f"Generation {self.number}")
        return self.number

    def unconverged(self, place: str = "") -> str:
        """What is not yet as Git wants it (on one cluster), or the empty string; never raises."""
        apps = self.apps_on(place)
        try:
            wanted = {object_id(body): generation(body) for body in self.wanted.values()}
            live = {object_id(body): generation(body) for body in self.live(place)}
            wrong = [key for key in wanted.keys() | live.keys() if key[2] in apps and wanted.get(key) != live.get(key)]
            states = {app: state_of(body) for app, body in self.applications().items() if app in apps}
        except (OSError, ApiError, HTTPError) as error:
            return str(error)
        if wrong:
            return f"{len(wrong)} objects, such as {wrong[0]}; {states}"
        return ", ".join(f"{name}: {state}" for name, state in states.items() if state != "Synced, Healthy")

    def apps_on(self, place: str = "") -> Sequence[str]:
        """Applications that go to one cluster, or all."""
        return [app for app, own in self.places.items() if place in ("", own)]

    def applications(self) -> Mapping[str, JsonObject]:
        """Every Application by name, as it is."""
        return {item["metadata"]["name"]: item for item in self.sandbox.control.api.get(APPLICATIONS)["items"]}

    def converge(self, place: str = "", *, timeout_s: float = CONVERGE_S) -> float:
        """Waits until everything (on one cluster) is as Git wants it; seconds. Raises TimeoutError."""
        started = time.monotonic()
        last = [""]

        def done() -> bool:
            last[0] = self.unconverged(place)
            return not last[0]

        try:
            wait_for(done, "convergence", timeout_s=timeout_s, every_s=0.2)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {last[0]}") from None
        return time.monotonic() - started

    def timed_push(self, place: str) -> float:
        """Pushes everything anew; seconds until that is live on one cluster."""
        self.push()
        return self.converge(place)

    def healed_s(self, app: str) -> float:
        """Edits an object of an application by hand; seconds until it is as Git wants it again."""
        plane = self.sandbox.destinations[self.places[app]]
        path = f"/api/v1/namespaces/{app}/configmaps/configmap-0"
        plane.api.patch(path, {"metadata": {"annotations": {GENERATION: "999999"}}})
        return self.converge(self.places[app])

    def replace_by_empty(self, place: str) -> None:
        """A new cluster at the same address: nothing in it but our rights."""
        plane = self.sandbox.destinations[place]
        plane.restart(empty=True)
        plane.api.apply(_full_rights(DEPLOYER))

    def delete_application(self, app: str) -> None:
        """Asks for an Application and all it deployed to go."""
        self.deleted[app] = datetime.now(UTC)
        self.sandbox.control.api.delete(f"{APPLICATIONS}/{app}")

    def create_application(self, app: str) -> None:
        url = self.sandbox.git.repo_url(REPO)
        self.sandbox.control.api.apply(an_application(app, url, self.places[app]))

    def strike(self, seed: int, fault: Callable[[], None]) -> Strike:
        """Pushes, hits at a random point of an application's ten writes, and waits until all is well again."""
        objects = random.Random(seed).randint(1, 6)
        self.until_api_listens()
        with Tail(self.planes) as tail:
            made = self.push()
            tail.until_written(made, objects)
            at = datetime.now(UTC)
            fault()
            recovery_s = self.converge()
            return Strike(tail.is_partial(made, at, len(KINDS)), recovery_s)

    def until_api_listens(self) -> None:
        """A push before that would wait for the next poll, which is none of the fault's doing."""
        assert self.sandbox.processes is not None
        place = ("127.0.0.1", self.sandbox.processes.api_port)
        wait_for(lambda: _listens(place), "the API", timeout_s=30)

    def until_rebuilt(self) -> None:
        """Waits until a wiped or older Redis was noticed, and every application was looked at again since."""
        client, keys = connect(self.sandbox.valkey.url), Keys.of(Settings())

        def looked_at(app: str) -> bool:
            entry = EntryKey.app(AppKey(control.NAMESPACE, app))
            row = cast("list[bytes]", client.hmget(keys.entry(entry), "lane", "place", "issued"))
            lane, place, issued = (word.decode() for word in row)
            due = client.zscore(keys.due(cast("Lane", lane), place), str(entry))
            return issued == "0" and due is not None and float(due) > (time.time() + 1) * 1000

        def rebuilt() -> bool:
            born, done = client.mget(keys.born(), keys.rebuilt())
            return born is not None and born == done and all(map(looked_at, self.places))

        wait_for(rebuilt, "everything to be looked at again", timeout_s=CONVERGE_S)
        client.close()

    @property
    def planes(self) -> Sequence[ControlPlane]:
        return list(self.sandbox.destinations.values())

    def complaints(self) -> list[str]:
        """What the judge has to say about everything since the start."""
        events = sorted(self.events(), key=lambda event: event.received)
        told = complaints(events, history_of(self.sandbox.git.repository(REPO)), self.deleted)
        gone = self.deleted.keys() - self.applications().keys()
        return [*told, *left_behind(map(object_id, self.live()), gone)]

    def events(self) -> Iterator[AuditEvent]:
        """Every request of ours to a destination since the start."""
        for plane in self.planes:
            yield from (e for e in AuditLog.of(plane, from_start=True).events() if e.user == DEPLOYER)

    def live(self, place: str = "") -> Iterator[JsonObject]:
        """Every judged object that there is (on one cluster) and that nobody is deleting."""
        for plane in [self.sandbox.destinations[place]] if place else self.planes:
            for kind, plural in RESOURCES.items():
                for body in plane.api.get(f"/api/v1/{plural}")["items"]:
                    if generation(body) is not None and "deletionTimestamp" not in body["metadata"]:
                        yield {**body, "kind": kind}

    def pid(self, name: str) -> int:
        assert self.sandbox.supervisor is not None
        return self.sandbox.supervisor.pids[name]

    def kill(self, name: str) -> None:
        """SIGKILL; the supervisor starts it again as one that ran well until now."""
        assert self.sandbox.supervisor is not None
        kept = self.sandbox.supervisor._kept[name]
        kept.failures, kept.started = 0, float("-inf")
        kept.child.kill()

    def kill_renderer(self, worker: str) -> None:
        """SIGKILL to one of a worker's renderer children."""
        os.kill(renderer_children(self.pid(worker))[0], signal.SIGKILL)


def renderer_children(pid: int) -> list[int]:
    """Process ids of the renderers that a worker started."""
    children = [
        int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()
    ]
    return [child for child in children if Path(f"/proc/{child}/comm").read_text().strip() == "renderer"]


def _listens(place: tuple[str, int]) -> bool:
    try:
        socket.create_connection(place, timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def a_rig(
    folder: Path, *, places: Mapping[str, str] = FLEET, kinds: Sequence[str] = KINDS, **options: Any
) -> Iterator[Rig]:
    """A converged rig. `options` are those of the sandbox."""
    given = {"with_fleet": False, "destinations": ("east", "west"), **options}
    sandbox = start_sandbox(folder, SandboxOptions(**given))
    proxy = FaultProxy(sandbox.destinations["west"])
    try:
        rig = Rig(sandbox, proxy, places)
        rig.until_api_listens()
        _fill(rig, kinds)
        yield rig
    finally:
        proxy.close()
        sandbox.stop()


def _fill(rig: Rig, kinds: Sequence[str]) -> None:
    api, git, west = rig.sandbox.control.api, rig.sandbox.git, rig.sandbox.destinations["west"]
    api.apply(control.cluster_secret("west", west.access(DEPLOYER, url=rig.proxy.url)))
    url = git.create(REPO)
    api.apply(control.repository_secret(REPO, url, rig.sandbox.git_login))
    rig.push({path: body for app in rig.places for path, body in manifests_of(app, kinds).items()})
    for app in rig.places:
        rig.create_application(app)
