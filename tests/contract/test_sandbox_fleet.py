"""The sample fleet is good: every object is accepted by a real cluster and every workload becomes ready there."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from reconciler.sandbox.api import Api, Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.fleet import FLEET, applications, keys, manifests
from reconciler.sandbox.waiting import wait_for

APPLICATIONS = applications("http://git.invalid/fleet.git", {"east": "https://east", "west": "https://west"})
FOLDERS = sorted({app["spec"]["source"]["path"] for app in APPLICATIONS})
READY = {
    "Deployment": lambda body: body["status"].get("readyReplicas") == body["spec"]["replicas"],
    "StatefulSet": lambda body: body["status"].get("readyReplicas") == body["spec"]["replicas"],
    "DaemonSet": lambda body: body["status"].get("numberReady") == 2,
    "Job": lambda body: body["status"].get("succeeded") == 1,
}


def test_the_applications_deploy_every_folder_and_use_both_clusters() -> None:
    names = [app["metadata"]["name"] for app in APPLICATIONS]
    folders = {path.name for path in (FLEET / "repository").iterdir() if path.is_dir()}
    assert len(names) == len(set(names)) > 10
    assert set(FOLDERS) == folders
    assert {name.rpartition("-")[2] for name in names} == {"east", "west"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_the_fleet_becomes_ready(workload_plane: ControlPlane, folder: str) -> None:
    api = workload_plane.api
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": folder}})
    bodies = _placed(manifests(*_files(FLEET / "repository" / folder)), folder)
    for body in sorted(bodies, key=lambda body: body["kind"] != "CustomResourceDefinition"):
        _apply_once_known(api, body)
    for body in bodies:
        if ready := READY.get(body["kind"]):
            path = api.path(body)
            wait_for(lambda path=path, ready=ready: ready(api.get(path)), path, timeout_s=60)  # type: ignore[misc]


def _files(folder: Path) -> Iterable[Path]:
    """What is sealed there is no object yet."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".json"})
    return [path for path in found if "\nsops:\n" not in path.read_text()]


def test_what_is_sealed_in_the_fleet_says_nothing_in_plain() -> None:
    text = (FLEET / "repository" / "ledger" / "database.yaml").read_text()
    assert text.count("ENC[AES256_GCM,") == 3
    assert "only-in-the-sandbox" not in text
    assert keys()["sandbox.agekey"].split()[-1].startswith("AGE-SECRET-KEY-1")


def _placed(bodies: Iterable[Json], namespace: str) -> list[Json]:
    return [{**body, "metadata": {"namespace": namespace, **body["metadata"]}} for body in bodies]


def _apply_once_known(api: Api, body: Json) -> None:
    """A kind is served a moment after its definition was accepted."""
    version = body["apiVersion"]
    wait_for(lambda: "/" not in version or api.find(f"/apis/{version}"), f"kinds of {version}", timeout_s=30)
    kind = body["kind"]
    if kind.startswith("Cluster") or kind == "CustomResourceDefinition":
        body = {**body, "metadata": {"name": body["metadata"]["name"]}}
    api.apply(body)
