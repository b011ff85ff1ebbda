"""One worker's services over real servers, and passes made by hand: what a task does, without Celery."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.expand import Expansion, expand
from reconciler.models.keys import AppKey, EntryKey, Lane, RepoUrl
from reconciler.models.manifest import JsonObject
from reconciler.models.result import ReconcileResult
from reconciler.reconcile import reconcile
from reconciler.refresh import refresh_source
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.services import Services, build_services
from reconciler.settings import Settings
from reconciler.sources import canonical_url
from tests.support.crds import install_crds
from tests.support.renderer import renderer_binary

ROOT_KEY = "test:" + "5a" * 32
PROJECT: JsonObject = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "default"},
    "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    },
}


@dataclass
class Crew:
    """A control namespace, a destination namespace, a repository, and one worker that is driven by hand."""

    plane: ControlPlane
    git: GitServer
    services: Services
    control_namespace: str
    target_namespace: str
    issued: set[EntryKey] = field(default_factory=set)
    repo: str = field(default_factory=lambda: f"fleet-{secrets.token_hex(4)}")

    @property
    def repo_url(self) -> str:
        return self.git.repo_url(self.repo)

    def application(self, name: str = "web", path: str = "web", **spec: Any) -> JsonObject:
        """An Application's JSON with automated sync, pruning and self-heal; fields of `spec` override."""
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": self.control_namespace},
            "spec": {
                "project": "default",
                "source": {"repoURL": self.repo_url, "path": path, "targetRevision": "main"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": self.target_namespace},
                "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
                **spec,
            },
        }

    def create(self, application: JsonObject) -> AppKey:
        made = self.plane.api.create(application)
        return AppKey(made["metadata"]["namespace"], made["metadata"]["name"])

    def read(self, key: AppKey) -> JsonObject:
        return self.plane.api.get(f"/apis/argoproj.io/v1alpha1/namespaces/{key.namespace}/applications/{key.name}")

    def patch(self, key: AppKey, body: JsonObject) -> None:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{key.namespace}/applications/{key.name}"
        self.plane.api.patch(path, body)

    def config_map(self, name: str) -> JsonObject | None:
        return self.plane.api.find(f"/api/v1/namespaces/{self.target_namespace}/configmaps/{name}")

    def issue(self, entry: EntryKey, lane: Lane) -> None:
        """Requests `entry` and drains until it is issued; what is issued beside it waits for its own turn."""

        def drained() -> bool:
            self.issued.update(issued.entry for issued in self.services.due.drain())
            return entry in self.issued

        self.services.due.request(entry, lane=lane, place="test")
        wait_for(drained, f"{entry} to be issued", timeout_s=5, every_s=0.01)
        self.issued.discard(entry)

    def reconcile(self, key: AppKey, *, lane: Lane = "push") -> ReconcileResult:
        """One pass, leased as a task leases it."""
        entry = EntryKey.app(key)
        self.issue(entry, lane)
        with self.services.due.hold(entry, "") as held:
            assert held is not None
            return reconcile(key, self.services, held, now=self.services.readers.clock())

    def expand(self, name: str, *, lane: Lane = "push") -> Expansion:
        """One pass over an ApplicationSet, leased as a task leases it."""
        key = AppKey(self.control_namespace, name)
        entry = EntryKey.appset(key)
        self.issue(entry, lane)
        self.services.readers.catalog.invalidate()
        with self.services.due.hold(entry, "") as held:
            assert held is not None
            return expand(key, self.services, held, now=self.services.readers.clock())

    def refresh(self, repo_url: str = "") -> float | None:
        """One look at the repository, or at another one, leased as a task leases it."""
        repo = RepoUrl(canonical_url(repo_url or self.repo_url))
        entry = EntryKey("repo", repo)
        self.issue(entry, "push")
        with self.services.due.hold(entry, "") as held:
            assert held is not None
            return refresh_source(repo, self.services, held, now=self.services.readers.clock())


@contextmanager
def a_crew(plane: ControlPlane, valkey: Valkey, git: GitServer, folder: Path, **settings: Any) -> Iterator[Crew]:
    """A crew whose control namespace is its own; ends what it started."""
    install_crds(plane)
    control, target = (f"{word}-{secrets.token_hex(4)}" for word in ("control", "target"))
    for name in (control, target):
        plane.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    plane.api.apply({**PROJECT, "metadata": {"name": "default", "namespace": control}})
    given = {
        "manage": "all",
        "namespace": control,
        "kubeconfig": plane.kubeconfig_path,
        "redis_url": valkey.url,
        "key_prefix": f"{control}:",
        "root_key": ROOT_KEY,
        "data_dir": folder / "data",
        "renderer_path": renderer_binary(),
        "renderer_children": 1,
        "heartbeat_ttl_s": 2.0,
        **settings,
    }
    services = build_services(Settings(**given))
    services.due.heartbeat.start()
    try:
        yield Crew(plane, git, services, control, target)
    finally:
        services.due.heartbeat.stop()
        services.close()
