"""The session's sandbox as tests drive it: a push, an Application, a look at a cluster, a wait with a deadline."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.sandbox.api import Api, Json
from reconciler.sandbox.everything import APPLICATIONS, REPOSITORY, Sandbox, state_of
from reconciler.sandbox.waiting import wait_for

GENEROUS_S = 30.0
"""How long anything may take on a busy machine; how long it does take is printed."""

FINALIZER = "resources-finalizer.argocd.argoproj.io"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Pushes to the fleet's repository, and looks at its clusters as their administrator."""

    sandbox: Sandbox

    def api(self, cluster: str) -> Api:
        return self.sandbox.control.api if cluster == "control" else self.sandbox.destinations[cluster].api

    def push(self, changes: Mapping[str, str | bytes | None], message: str = "Change") -> str:
        """The new commit; the webhook is told as after any push."""
        return self.sandbox.git.commit(REPOSITORY, changes, message)

    def application(self, name: str) -> Json | None:
        return self.sandbox.control.api.find(f"{APPLICATIONS}/{name}")

    def state(self, name: str) -> str:
        """`Synced, Healthy`, or what is in the way."""
        return state_of(self.application(name) or {})

    def settled(self, name: str) -> Json:
        """The Application once it is Synced and Healthy."""
        try:
            wait_for(lambda: self.state(name) == "Synced, Healthy", name, timeout_s=GENEROUS_S)
        except TimeoutError:
            raise AssertionError(f"{name} is {self.state(name)}") from None
        return self.application(name) or {}

    def events(self, name: str, reason: str) -> list[str]:
        """Messages of the events about one Application."""
        query = f"involvedObject.name={name},reason={reason}"
        path = f"/api/v1/namespaces/argocd/events?fieldSelector={query}"
        return [item["message"] for item in self.sandbox.control.api.get(path)["items"]]

    def create(self, name: str, *, destination: Mapping[str, str], **spec: Any) -> Json:
        """An Application with automated sync, pruning, self-heal and the finalizer; its path bears its name."""
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": "argocd", "finalizers": [FINALIZER]},
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": self.sandbox.git.repo_url(REPOSITORY),
                    "path": name,
                    "targetRevision": "main",
                },
                "destination": {"namespace": name, **destination},
                "syncPolicy": {
                    "automated": {"prune": True, "selfHeal": True},
                    "syncOptions": ["CreateNamespace=true"],
                },
                **spec,
            },
        }
        return self.sandbox.control.api.create(body)

    def delete(self, name: str) -> None:
        """Asks for the deletion of an Application and waits until it is gone."""
        self.sandbox.control.api.delete(f"{APPLICATIONS}/{name}")
        wait_for(lambda: self.application(name) is None, f"{name} to be gone", timeout_s=GENEROUS_S)


@pytest.fixture
def fleet(sandbox: Sandbox) -> Fleet:
    """The sandbox of the session; a test takes Applications of its own."""
    return Fleet(sandbox)


@contextmanager
def an_app(fleet: Fleet, files: Mapping[str, str], cluster: str = "east", **destination: str) -> Iterator[str]:
    """A new Application of `files` (by name within its path), settled; it and its files go at the end."""
    name = f"app-{secrets.token_hex(3)}"
    fleet.push({f"{name}/{path}": content for path, content in files.items()})
    fleet.create(name, destination=destination or {"name": cluster})
    fleet.settled(name)
    try:
        yield name
    finally:
        if fleet.application(name):
            fleet.delete(name)


def a_config_map(name: str, **data: str) -> str:
    """One ConfigMap as YAML."""
    rows = "".join(f"  {key}: {value!r}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n{rows or '  {}'}"


def config_map(api: Api, namespace: str, name: str) -> Mapping[str, str] | None:
    """The data of a live ConfigMap; None when there is none."""
    found = api.find(f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    return None if found is None else found.get("data") or {}


def timed(condition: Callable[[], bool], what: str) -> float:
    """Waits for a condition; prints and returns how many seconds that took."""
    start = time.monotonic()
    wait_for(condition, what, timeout_s=GENEROUS_S, every_s=0.005)
    took_s = time.monotonic() - start
    print(f"{what}: {took_s:.3f} s")
    return took_s
