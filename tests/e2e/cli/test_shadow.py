"""Looking without touching, and changing hands: judged by the API server's audit log."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.adoption import hand_over
from reconciler.cli.control import Control
from reconciler.models.application import Application
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.plan.adoption import ADOPTED, adoption
from reconciler.sandbox.kubeconfig import write_kubeconfig
from tests.support.audit import MUTATING, AuditLog
from tests.support.flow import Crew
from tests.support.shell import Shell

CONTROLLER, SKIP = "reconciler.dev/controller", "argocd.argoproj.io/skip-reconcile"
READING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}


def a_config_map(name: str, colour: str = "red") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{colour: {colour}}}\n"


def deployed(crew: Crew) -> AppKey:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one"), "web/two.yaml": a_config_map("two")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    return key


def a_reader(crew: Crew, folder: Path) -> tuple[Path, str]:
    """A kubeconfig whose user may look at everything and touch nothing, and the name of that user."""
    api, namespace, name = crew.plane.api, crew.control_namespace, f"reader-{secrets.token_hex(4)}"
    rbac = "rbac.authorization.k8s.io"
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}})
    role: JsonObject = {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": name}}
    api.apply({**role, "rules": [READING, {"nonResourceURLs": ["*"], "verbs": ["get"]}]})
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    binding = {"roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name}, "subjects": [subject]}
    api.apply({**role, "kind": "ClusterRoleBinding", **binding})
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    token = api.request("POST", path, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
    kubeconfig = write_kubeconfig(folder / "reader.kubeconfig", {"reader": replace(api.access, token=token)})
    return kubeconfig, f"system:serviceaccount:{namespace}:{name}"


def test_the_shadow_report_lists_every_write_and_does_none_of_them(crew: Crew, shell: Shell, tmp_path: Path) -> None:
    deployed(crew)
    config_maps = f"/api/v1/namespaces/{crew.target_namespace}/configmaps"
    crew.plane.api.patch(f"{config_maps}/one?fieldManager=kubectl-edit", {"data": {"colour": "green"}})
    crew.git.commit(crew.repo, {"web/two.yaml": None, "web/three.yaml": a_config_map("three")})
    kubeconfig, user = a_reader(crew, tmp_path)
    log = AuditLog.of(crew.plane)

    answer = Shell(kubeconfig, crew.control_namespace).ok("shadow", "report", "-o", "json")

    [report] = answer.json
    assert {(step["action"], step["object"].rpartition("/")[2]) for step in report["would"]} == {
        ("apply", "one"),
        ("create", "three"),
        ("delete", "two"),
    }
    assert all(step["reason"] for step in report["would"])
    assert report["found"] == {"sync": "Synced", "health": "Healthy"}
    assert report["ours"]["sync"] == "OutOfSync"
    mine = [event for event in log.events() if event.user == user]
    assert len(mine) > 5
    assert {event.verb for event in mine} <= {"get", "list"}
    assert not [event for event in mine if event.verb in MUTATING]
    assert crew.plane.api.get(f"{config_maps}/one")["data"] == {"colour": "green"}


def test_the_report_says_what_keeps_an_application_from_being_written(crew: Crew, shell: Shell) -> None:
    deployed(crew)
    key = crew.create(
        crew.application("chart", source={"repoURL": crew.repo_url, "chart": "web", "targetRevision": "1"})
    )
    [chart] = shell.ok("shadow", "report", key.name, "-o", "json").json
    assert chart["would"] == []
    assert chart["why"]
    answer = shell.ok("shadow", "report")
    assert f"{crew.control_namespace}/web: Synced, Healthy, as found" in answer.out
    assert "2 applications, 50.0 % with a definite verdict, " in answer.err
    assert f"{crew.control_namespace}/web" not in shell.ok("shadow", "report", "--different", "-p", "default").out


def marks(crew: Crew, key: AppKey) -> dict[str, str]:
    found: dict[str, str] = crew.read(key)["metadata"].get("annotations") or {}
    return found


def test_an_application_changes_hands_in_one_write_and_back_in_another(crew: Crew, shell: Shell) -> None:
    key = deployed(crew)
    crew.patch(key, {"metadata": {"annotations": {"team": "shop"}}})
    before = marks(crew, key)
    assert "would set" in shell.ok("adopt", "application", "web", "--dry-run").out
    assert marks(crew, key) == before
    log = AuditLog.of(crew.plane)
    shell.ok("adopt", "application", "web")
    assert marks(crew, key) == {**before, CONTROLLER: "active", SKIP: "true", ADOPTED: "skip-reconcile="}
    shell.ok("release", "application", "web")
    assert marks(crew, key) == before
    assert len([event for event in log.writes() if event.resource == "applications"]) == 2


def test_nothing_changes_hands_while_an_operation_runs_even_if_it_began_just_now(crew: Crew, shell: Shell) -> None:
    key = deployed(crew)
    control = Control(crew.services.readers.settings)
    stale = control.application("web")
    crew.patch(key, {"operation": {"sync": {}}})
    with pytest.raises(BaseException, match="1"):
        hand_over(control, [stale], lambda _, app: adoption(app, ()), dry_run=False)
    control.cluster.transport.close()
    answer = shell("adopt", "application", "web")
    assert (answer.code, "an operation is in progress" in answer.err) == (1, True)
    assert CONTROLLER not in marks(crew, key)


def test_a_project_is_taken_over_as_far_as_possible_and_the_rest_later(crew: Crew, shell: Shell) -> None:
    first = deployed(crew)
    second = crew.create(crew.application("other"))
    crew.patch(second, {"operation": {"sync": {}}})
    answer = shell("adopt", "project", "default")
    assert (answer.code, "other: refused" in answer.err) == (1, True)
    assert marks(crew, first)[CONTROLLER] == "active"
    crew.patch(second, {"operation": None})
    answer = shell.ok("adopt", "project", "default")
    assert "web: is adopted already" in answer.out
    assert marks(crew, second)[CONTROLLER] == "active"
    shell.ok("release", "project", "default")
    assert CONTROLLER not in marks(crew, first) | marks(crew, second)


def test_an_application_that_we_would_not_sync_stays_with_argo_cd(crew: Crew, shell: Shell) -> None:
    dry = {"repoURL": crew.repo_url, "path": "web", "targetRevision": "main"}
    hydrator = {"drySource": dry, "syncSource": {"targetBranch": "hydrated", "path": "web"}}
    key = crew.create(crew.application(sourceHydrator=hydrator))
    answer = shell("adopt", "application", "web")
    assert (answer.code, "does not honour" in answer.err) == (1, True)
    assert CONTROLLER not in marks(crew, key)
    assert Application.parse(crew.read(key)).metadata.annotations == {}
