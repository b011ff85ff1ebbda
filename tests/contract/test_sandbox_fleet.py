"""The sample fleet is good: every object is accepted by a real cluster and every workload becomes ready there."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from reconciler.models.application import Application
from reconciler.render.cache import RenderCache
from reconciler.render.offline import render_offline
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.renderer import Renderer
from reconciler.sandbox.api import Api, Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.fleet import FLEET, applications, keys
from reconciler.sandbox.packages import PUSHED, SERVED, Packages
from reconciler.sandbox.waiting import wait_for
from tests.support.renderer import renderer_binary

REPOSITORY = "http://git.invalid/fleet.git"
ADDRESSES = {"repository": REPOSITORY, **Packages().addresses}
APPLICATIONS = applications(ADDRESSES, {"east": "https://east", "west": "https://west"})
PATHS = {app["spec"]["source"]["path"]: app for app in APPLICATIONS if "path" in app["spec"]["source"]}
CHARTS = {app["spec"]["source"]["chart"]: app for app in APPLICATIONS if "chart" in app["spec"]["source"]}
READY = {
    "Deployment": lambda body: body["status"].get("readyReplicas") == body["spec"]["replicas"],
    "StatefulSet": lambda body: body["status"].get("readyReplicas") == body["spec"]["replicas"],
    "DaemonSet": lambda body: body["status"].get("numberReady") == 2,
    "Job": lambda body: body["status"].get("succeeded") == 1,
}


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    pool = RendererPool(sandboxed_children(renderer_binary()), 1)
    yield Renderer(pool, RenderCache(None), renderer_identity(renderer_binary()))
    pool.close()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fleet's repository without what is sealed in it, which is no object yet."""
    copied = tmp_path_factory.mktemp("fleet") / "repository"
    shutil.copytree(FLEET / "repository", copied)
    for path in copied.rglob("*.yaml"):
        if "\nsops:\n" in path.read_text():
            path.unlink()
    return copied


def test_the_applications_deploy_every_folder_and_use_both_clusters() -> None:
    names = [app["metadata"]["name"] for app in APPLICATIONS]
    folders = {path.name for path in (FLEET / "repository").iterdir() if path.is_dir()}
    assert len(names) == len(set(names)) > 10
    assert {path.partition("/")[0] for path in PATHS} | {"services", "agent"} == folders
    assert CHARTS.keys() == {path.name for path in (FLEET / "charts").iterdir()} == {*SERVED, *PUSHED}
    assert {name.rpartition("-")[2] for name in names} == {"east", "west"}


@pytest.mark.parametrize("source", [*PATHS, *CHARTS])
def test_a_source_of_the_fleet_becomes_ready(
    workload_plane: ControlPlane, renderer: Renderer, repository: Path, source: str
) -> None:
    api, application = workload_plane.api, Application.parse(PATHS.get(source) or CHARTS[source])
    namespace = application.spec.destination.namespace
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    folders = dict.fromkeys(ADDRESSES.values(), FLEET / "charts") | {REPOSITORY: repository}
    bodies = _placed(render_offline(application, folders, renderer, deadline_s=20), namespace)
    for body in sorted(bodies, key=lambda body: body["kind"] != "CustomResourceDefinition"):
        _apply_once_known(api, body)
    for body in bodies:
        if ready := READY.get(body["kind"]):
            place = api.path(body)
            wait_for(lambda place=place, ready=ready: ready(api.get(place)), place, timeout_s=60)  # type: ignore[misc]


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
