"""deploy/: its objects are valid, its rights are enough and no more, and taking it away leaves every Application."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from reconciler.cli.alive import Role
from reconciler.sandbox.api import APPLY, Api, ApiError, Json
from reconciler.sandbox.control import service_account_access
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.kubeconfig import write_kubeconfig
from reconciler.sandbox.places import PROJECT
from reconciler.sandbox.processes import START
from reconciler.sandbox.valkey import Valkey
from reconciler.services import build_services
from reconciler.settings import Settings
from tests.support.audit import AuditLog
from tests.support.crds import install_crds
from tests.support.fleet import a_config_map
from tests.support.flow import PROJECT as DEFAULT_PROJECT
from tests.support.flow import ROOT_KEY, Crew
from tests.support.kustomize import rendered
from tests.support.renderer import renderer_binary

OVERLAYS = ("base", "overlays/adopted", "overlays/all")
READING = {"get", "list", "watch"}
REVIEWS = {"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"}
"""What every authenticated user of Kubernetes may create; they change nothing."""


def deployments(overlay: str = "base") -> list[Json]:
    return [body for body in rendered(overlay, namespace="any") if body["kind"] == "Deployment"]


def containers() -> list[Json]:
    return [one for body in deployments() for one in body["spec"]["template"]["spec"]["containers"]]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_taken_by_a_real_api_server(overlay: str, control_plane: ControlPlane, namespace: str) -> None:
    api = control_plane.api
    for body in rendered(overlay, namespace=namespace):
        query = "fieldManager=kubectl&dryRun=All&fieldValidation=Strict"
        api.request("PATCH", f"{api.path(body)}?{query}", body, Content_Type=APPLY)


@pytest.mark.parametrize(("overlay", "manage"), list(zip(OVERLAYS, ("shadow", "adopted", "all"), strict=True)))
def test_an_overlay_says_what_may_be_written_and_base_is_shadow(overlay: str, manage: str) -> None:
    bodies = rendered(overlay, namespace="any")
    maps = {body["metadata"]["name"]: body["data"] for body in bodies if body["kind"] == "ConfigMap"}
    assert maps["reconciler"]["RECONCILER_MANAGE"] == manage
    asked = [ref["configMapRef"]["name"] for one in containers() for ref in one.get("envFrom", ())]
    assert set(asked) == set(maps)
    verbs = {verb for body in bodies for rule in body.get("rules", ()) for verb in rule["verbs"]}
    assert (verbs <= READING) == (manage == "shadow")


def test_base_brings_neither_definitions_nor_namespaces_and_refers_to_what_it_has() -> None:
    bodies = rendered("overlays/all", namespace="any")
    assert not {body["kind"] for body in bodies} & {"CustomResourceDefinition", "Namespace", "Secret"}
    accounts = {body["metadata"]["name"] for body in bodies if body["kind"] == "ServiceAccount"}
    used = {body["spec"]["template"]["spec"]["serviceAccountName"] for body in deployments()}
    bound = {subject["name"] for body in bodies for subject in body.get("subjects", ())}
    assert used == accounts
    assert bound == accounts - {"reconciler-idle"}


def test_every_process_of_ours_has_a_probe_on_its_own_progress() -> None:
    ours = [one for one in containers() if one["image"].startswith("reconciler:")]
    assert {one["args"][0] for one in ours} == {"api", *get_args(Role)}
    for one in ours:
        probe = one["livenessProbe"]
        if one["args"] == ["api"]:
            assert (probe["httpGet"]["path"], one["readinessProbe"]["httpGet"]["path"]) == ("/healthz", "/readyz")
        else:
            assert probe["exec"]["command"] == ["reconciler", "alive", *one["args"]]


def test_a_probe_tells_a_live_process_from_a_silent_one(tmp_path: Path) -> None:
    mark = tmp_path / "alive-worker"
    assert probed(tmp_path) != 0, "never started"
    mark.touch()
    assert probed(tmp_path) == 0
    os.utime(mark, (time.time() - 120, time.time() - 120))
    assert probed(tmp_path) != 0, "silent for two minutes"


def probed(data: Path) -> int:
    """The exit code of the worker's probe on a data folder."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "RECONCILER_DATA_DIR": str(data)}
    words = [*START, "alive", "worker"]
    return subprocess.run(words, env=env, cwd=data, timeout=30, capture_output=True, check=False).returncode


def test_with_the_rights_of_base_a_worker_compares_and_may_change_nothing(
    control_plane: ControlPlane, valkey: Valkey, git_server: GitServer, tmp_path: Path
) -> None:
    with a_worker("base", control_plane, valkey, git_server, tmp_path) as (crew, own):
        crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
        log = AuditLog.of(control_plane)

        result = crew.reconcile(crew.create(crew.application()))

        assert (result.sync, result.conditions) == ("OutOfSync", ())
        user = f"system:serviceaccount:{crew.control_namespace}:reconciler-worker"
        asked = [event for event in log.events() if event.user == user]
        assert asked
        assert {event.verb for event in asked} <= READING, "not even tried"
        assert mutating_rights(own, crew.control_namespace) == []
        assert mutating_rights(own, crew.target_namespace) == []
        with pytest.raises(ApiError, match=r"^403"):
            own.apply(stranger(crew.target_namespace))


def test_with_overlay_all_it_deploys_and_taking_it_away_leaves_everything(
    control_plane: ControlPlane, valkey: Valkey, git_server: GitServer, tmp_path: Path
) -> None:
    with a_worker("overlays/all", control_plane, valkey, git_server, tmp_path) as (crew, own):
        crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
        key = crew.create(crew.application())
        result = crew.reconcile(key)
        assert (result.sync, result.phase) == ("Synced", "Succeeded")
        before, live = crew.read(key), crew.config_map("one")
        assert live is not None

        taken_away(control_plane.api, rendered("overlays/all", namespace=crew.control_namespace))

        assert crew.read(key) == before
        assert crew.config_map("one") == live
        assert "ownerReferences" not in live["metadata"]
        with pytest.raises(ApiError, match=r"^40[13]"):
            own.get("/api/v1/namespaces")


@contextmanager
def a_worker(
    overlay: str, plane: ControlPlane, valkey: Valkey, git: GitServer, folder: Path
) -> Iterator[tuple[Crew, Api]]:
    """A worker in namespaces of its own with exactly the rights of an overlay, and its service account's own client."""
    install_crds(plane)
    control, target = (f"{word}-{secrets.token_hex(3)}" for word in ("argocd", "target"))
    for name in (control, target):
        plane.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    bodies = rendered(overlay, namespace=control)
    plane.api.apply_all([*bodies, {**DEFAULT_PROJECT, "metadata": {"name": "default", "namespace": control}}])
    manage = next(body["data"]["RECONCILER_MANAGE"] for body in bodies if body["kind"] == "ConfigMap")
    access = service_account_access(plane.api, "reconciler-worker", namespace=control)
    settings = Settings(
        manage=manage,
        namespace=control,
        kubeconfig=write_kubeconfig(folder / "kubeconfig", {"control": access}),
        redis_url=valkey.url,
        key_prefix=f"{control}:",
        root_key=ROOT_KEY,
        data_dir=folder / "data",
        renderer_path=renderer_binary(),
        renderer_children=1,
        heartbeat_ttl_s=1.0,
    )
    services = build_services(settings)
    services.due.heartbeat.start()
    try:
        yield Crew(plane, git, services, control, target), Api(access)
    finally:
        services.due.heartbeat.stop()
        services.close()
        taken_away(plane.api, bodies)


def taken_away(api: Api, bodies: Sequence[Json]) -> None:
    """`kubectl delete --ignore-not-found`."""
    for body in bodies:
        if api.find(api.path(body)):
            api.delete(api.path(body))


def mutating_rights(api: Api, namespace: str) -> list[Any]:
    """The rules by which the user of `api` may do more than read in a namespace."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    status = api.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review)["status"]
    rules = [*status["resourceRules"], *status["nonResourceRules"]]
    return [
        rule for rule in rules if not set(rule["verbs"]) <= READING and not set(rule.get("resources", ())) <= REVIEWS
    ]


def stranger(namespace: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stranger", "namespace": namespace}}
