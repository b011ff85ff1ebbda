"""The sandbox's control planes do what tests and `./dev up` rely on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3

from reconciler.sandbox.api import Api, ApiError, Json
from reconciler.sandbox.controlplane import ControlPlane, ControlPlaneOptions, TokenUser
from reconciler.sandbox.waiting import wait_for
from tests.support.audit import AuditLog
from tests.support.servers import a_control_plane

CONFIG_MAP: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"a": "1"}}
DEPLOYMENT: Json = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        },
    },
}
JOB: Json = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "once"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}}},
}


def test_a_deployment_becomes_ready_and_a_job_succeeds(workload_plane: ControlPlane) -> None:
    api = workload_plane.api
    api.apply_all([DEPLOYMENT, JOB])
    web, once = api.path(DEPLOYMENT), api.path(JOB)
    wait_for(lambda: api.get(web)["status"].get("readyReplicas") == 3, "three ready replicas", timeout_s=60)
    wait_for(lambda: api.get(once)["status"].get("succeeded") == 1, "the job", timeout_s=60)


def test_a_namespace_ends_where_controllers_run(workload_plane: ControlPlane) -> None:
    api = workload_plane.api
    doomed: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "doomed"}}
    api.apply(doomed)
    api.delete(api.path(doomed))
    wait_for(lambda: api.find(api.path(doomed)) is None, "the end of the namespace", timeout_s=60)


def test_a_token_user_may_what_rbac_says_and_no_more(tmp_path: Path) -> None:
    reader = ControlPlaneOptions(tokens={"reader": TokenUser("a-token", ("readers",))}, bind_all=True)
    plane = a_control_plane(tmp_path, reader)
    try:
        plane.api.apply_all(_right_to_read_config_maps("readers"))
        api = Api(plane.access("reader", url=f"https://127.1.2.3:{plane.port}"))
        wait_for(lambda: _code(api, "GET", "/api/v1/configmaps") == 200, "the binding", timeout_s=10)
        assert _code(api, "POST", "/api/v1/namespaces/default/configmaps", CONFIG_MAP) == 403
        assert _code(api, "GET", "/api/v1/secrets") == 403
    finally:
        plane.stop()


def test_a_restarted_server_keeps_its_objects_and_an_emptied_one_its_address(tmp_path: Path) -> None:
    plane = a_control_plane(tmp_path, ControlPlaneOptions())
    try:
        plane.api.apply(CONFIG_MAP)
        plane.restart()
        assert plane.api.get("/api/v1/namespaces/default/configmaps/kept")["data"] == {"a": "1"}
        plane.restart(empty=True)
        assert plane.api.find("/api/v1/namespaces/default/configmaps/kept") is None
    finally:
        plane.stop()
    with pytest.raises(urllib3.exceptions.HTTPError):
        plane.api.get("/version")


def test_a_paused_server_takes_connections_and_says_nothing(tmp_path: Path) -> None:
    plane = a_control_plane(tmp_path, ControlPlaneOptions())
    try:
        plane.pause()
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            Api(plane.access(), timeout_s=0.5).get("/version")
        plane.resume()
        wait_for(plane.api.ready, "the resumed server", timeout_s=30)
    finally:
        plane.stop()


def test_the_audit_log_holds_each_write_with_its_body_and_no_secret(
    control_plane: ControlPlane, namespace: str
) -> None:
    api, log = control_plane.api, AuditLog.of(control_plane)
    here = {"namespace": namespace}
    api.apply(CONFIG_MAP | {"metadata": {"name": "seen", **here}})
    api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", **here}, "stringData": {"k": "hush!"}})
    api.get(f"/api/v1/namespaces/{namespace}/configmaps")
    assert [(e.verb, e.resource, e.name) for e in log.events()] == [
        ("patch", "configmaps", "seen"),
        ("create", "secrets", "s"),
        ("list", "configmaps", ""),
    ]
    assert [event.field("data") for event in log.writes()] == [{"a": "1"}, None]
    assert b"hush!" not in control_plane.audit_log.read_bytes()


def test_everything_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from reconciler.sandbox.controlplane import start_control_plane\n"
        "print(*start_control_plane(pathlib.Path(sys.argv[1])).pids.values(), flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path / "plane"], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pids = [int(word) for word in owner.stdout.readline().split()]
        owner.send_signal(signal.SIGKILL)
    assert len(pids) == 2
    wait_for(lambda: not any(_running(pid) for pid in pids), "the end of etcd and kube-apiserver", timeout_s=10)


def _running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    os.kill(pid, 0)
    return state != "Z"


def _code(api: Api, method: str, path: str, body: object = None) -> int:
    try:
        api.request(method, path, body)
    except ApiError as error:
        return error.code
    return 200


def _right_to_read_config_maps(group: str) -> list[Json]:
    rbac = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    role: Json = {"kind": "ClusterRole", "metadata": {"name": group}, "rules": [rule]}
    binding: Json = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": group},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": group},
        "subjects": [{"apiGroup": rbac, "kind": "Group", "name": group}],
    }
    return [{"apiVersion": f"{rbac}/v1", **part} for part in (role, binding)]
