"""The README's walk-through, and what a fleet does all day: everything runs, and only the API servers are believed."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from urllib.parse import quote

from reconciler.sandbox.api import Api, Json
from reconciler.sandbox.control import cluster_secret
from reconciler.sandbox.everything import REPOSITORY
from reconciler.sandbox.kubeconfig import Access
from reconciler.sandbox.repositories import run_git
from reconciler.sandbox.waiting import wait_for
from tests.support.audit import AuditLog
from tests.support.fleet import GENEROUS_S, Fleet, a_config_map, an_app, config_map, timed

ORDERS = "/apis/apps/v1/namespaces/orders/deployments/orders-api"


def replicas(api: Api) -> int:
    found = api.find(ORDERS)
    return found["spec"]["replicas"] if found else 0


def has(api: Api, namespace: str, name: str, **data: str) -> bool:
    return config_map(api, namespace, name) == data


def a_clone(fleet: Fleet, folder: Path) -> Path:
    """A clone of the fleet's repository that may push, as a person has it."""
    user, password = fleet.sandbox.git_login
    url = fleet.sandbox.git.repo_url(REPOSITORY).replace("//", f"//{quote(user)}:{quote(password)}@")
    run_git("clone", "--quiet", url, "clone", cwd=folder)
    return folder / "clone"


def test_a_git_push_is_live_on_both_clusters_and_healthy_soon_after(fleet: Fleet, tmp_path: Path) -> None:
    clone = a_clone(fleet, tmp_path)
    manifest = clone / "orders" / "deployment.yaml"
    wanted = 6 if "replicas: 5" in manifest.read_text() else 5
    manifest.write_text(re.sub(r"replicas: \d+", f"replicas: {wanted}", manifest.read_text()))
    run_git("commit", "--quiet", "--all", "--message", "More replicas", cwd=clone)
    run_git("push", "--quiet", cwd=clone)

    timed(lambda: all(replicas(fleet.api(name)) == wanted for name in ("east", "west")), "push to live")

    commit = run_git("rev-parse", "HEAD", cwd=clone).strip()
    for name in ("orders-east", "orders-west"):
        status = fleet.settled(name)["status"]
        assert status["sync"]["revision"] == status["history"][-1]["revision"] == commit


def test_an_edit_by_hand_is_healed_and_told(fleet: Fleet) -> None:
    api, wanted = fleet.api("east"), replicas(fleet.api("east"))
    fleet.settled("orders-east")
    api.patch(f"{ORDERS}?fieldManager=kubectl-edit", {"spec": {"replicas": 1}})
    timed(lambda: replicas(api) == wanted, "edit to healed")

    said = f"Deployment/orders-api: replicas live=1 desired={wanted} (kubectl-edit"
    wait_for(lambda: said in str(fleet.events("orders-east", "ResourceUpdated")), said, timeout_s=GENEROUS_S)


def test_an_object_deleted_by_hand_comes_back(fleet: Fleet) -> None:
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:
        api = fleet.api("east")
        api.delete(f"/api/v1/namespaces/{name}/configmaps/one")
        timed(lambda: has(api, name, "one", color="red"), "deletion to healed")


def test_a_manifest_deleted_in_git_is_pruned_with_its_proof(fleet: Fleet) -> None:
    files = {"one.yaml": a_config_map("one", color="red"), "two.yaml": a_config_map("two", color="blue")}
    with an_app(fleet, files) as name:
        api = fleet.api("east")
        commit = fleet.push({f"{name}/two.yaml": None})

        timed(lambda: config_map(api, name, "two") is None, "push to pruned")

        assert has(api, name, "one", color="red")
        told = wait_for(lambda: fleet.events(name, "ResourceDeleted") or None, "the event", timeout_s=GENEROUS_S)
        assert len(told) == 1
        assert commit in told[0]


def test_a_killed_worker_changes_nothing_and_the_next_push_is_deployed(fleet: Fleet) -> None:
    supervisor = fleet.sandbox.supervisor
    assert supervisor
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:
        logs = [AuditLog.of(plane) for plane in fleet.sandbox.destinations.values()]
        victim = supervisor.child("worker-1").pid
        supervisor.child("worker-1").kill()
        wait_for(lambda: supervisor.pids["worker-1"] != victim, "a successor", timeout_s=GENEROUS_S)
        assert [event.uri for log in logs for event in log.writes(user="reconciler")] == []

        supervisor.child("worker-2").kill()
        fleet.push({f"{name}/one.yaml": a_config_map("one", color="blue")})

        timed(lambda: has(fleet.api("east"), name, "one", color="blue"), "push to live after the kills")
        fleet.settled(name)


def test_a_killed_process_of_any_kind_comes_back_and_misses_no_push(fleet: Fleet) -> None:
    supervisor = fleet.sandbox.supervisor
    assert supervisor
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:
        for role in ("beat", "observer"):
            victim, color = supervisor.child(role), secrets.token_hex(2)
            victim.kill()
            fleet.push({f"{name}/one.yaml": a_config_map("one", color=color)})
            timed(lambda color=color: has(fleet.api("east"), name, "one", color=color), f"push without {role}")  # type: ignore[misc]


def test_an_application_with_its_finalizer_takes_its_objects_along(fleet: Fleet) -> None:
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:
        api = fleet.api("east")
        api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stranger", "namespace": name}})

        fleet.delete(name)

        assert config_map(api, name, "one") is None
        assert config_map(api, name, "stranger") == {}, "what is not ours stays"
        assert api.find(f"/api/v1/namespaces/{name}"), "namespaces are never deleted by the way"


def test_an_application_without_its_finalizer_leaves_its_objects(fleet: Fleet) -> None:
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:
        path = f"/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{name}"
        fleet.api("control").patch(path, {"metadata": {"finalizers": None}})
        log = AuditLog.of(fleet.sandbox.destinations["east"])

        fleet.delete(name)

        # A push to another path that is live by now shows that the deletion had its time.
        with an_app(fleet, {"two.yaml": a_config_map("two")}) as other:
            assert config_map(fleet.api("east"), other, "two") == {}
        assert [e.uri for e in log.writes() if e.verb == "delete" and e.namespace == name] == []
        assert has(fleet.api("east"), name, "one", color="red")


def test_a_new_application_is_deployed_at_once(fleet: Fleet) -> None:
    name = f"app-{secrets.token_hex(3)}"
    fleet.push({f"{name}/one.yaml": a_config_map("one", color="red")})
    fleet.create(name, destination={"name": "west"})
    timed(lambda: has(fleet.api("west"), name, "one", color="red"), "new Application to live")
    assert len(fleet.settled(name)["status"]["history"]) == 1
    fleet.delete(name)


def test_a_rotated_cluster_secret_is_used_for_the_next_push(fleet: Fleet) -> None:
    east = fleet.sandbox.destinations["east"]
    server = east.url.replace("127.0.0.1", "localhost")
    first, second = (f"deployer-{secrets.token_hex(3)}" for _ in range(2))
    secret = f"rotating-{secrets.token_hex(3)}"
    fleet.api("control").apply(cluster_secret(secret, a_deployer(east.api, first, server)))
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}, server=server) as name:
        fleet.api("control").apply(cluster_secret(secret, a_deployer(east.api, second, server)))
        east.api.delete(f"/api/v1/namespaces/default/serviceaccounts/{first}")
        log = AuditLog.of(east)

        fleet.push({f"{name}/one.yaml": a_config_map("one", color="blue")})

        timed(lambda: has(east.api, name, "one", color="blue"), "push to live after the rotation")
        users = {event.user for event in log.writes() if event.namespace == name and event.resource == "configmaps"}
        assert users == {f"system:serviceaccount:default:{second}"}
    fleet.api("control").delete(f"/api/v1/namespaces/argocd/secrets/cluster-{secret}")


def a_deployer(api: Api, name: str, server: str) -> Access:
    """A service account that may do everything, and its token for the cluster under the address `server`."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}}
    rbac = "rbac.authorization.k8s.io"
    binding: Json = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
    }
    api.apply_all([account, binding])
    path = f"/api/v1/namespaces/default/serviceaccounts/{name}/token"
    token = api.request("POST", path, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
    return Access(url=server, token=token, ca_pem=api.access.ca_pem, server_name=api.access.server_name)


def test_a_project_that_is_edited_counts_for_the_very_next_pass(fleet: Fleet) -> None:
    project = f"team-{secrets.token_hex(3)}"
    path = f"/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/{project}"
    api = fleet.api("control")
    spec = {"sourceRepos": ["*"], "destinations": [], "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}
    metadata = {"name": project, "namespace": "argocd"}
    api.create({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec})
    name = f"app-{secrets.token_hex(3)}"
    fleet.push({f"{name}/one.yaml": a_config_map("one", color="red")})
    fleet.create(name, destination={"name": "east"}, project=project)
    wait_for(lambda: "allowed destinations" in fleet.state(name), "the refusal", timeout_s=GENEROUS_S)

    api.patch(path, {"spec": {"destinations": [{"server": "*", "namespace": "*"}]}})

    timed(lambda: has(fleet.api("east"), name, "one", color="red"), "permission to live")
    fleet.delete(name)
    api.delete(path)
