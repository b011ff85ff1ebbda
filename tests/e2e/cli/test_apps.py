"""The life of an Application from the command line: a real API server, real Git, one worker."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from reconciler.cli.app import wait
from reconciler.cli.app.operations import start_patch
from reconciler.cli.control import Control
from reconciler.cli.problems import Problem
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from tests.support.flow import Crew
from tests.support.shell import Shell, working

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders-api}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: orders-api}}
  template:
    metadata: {labels: {app: orders-api}}
    spec: {containers: [{name: api, image: 'registry.example/orders:1'}]}
"""


def files(replicas: int = 3) -> dict[str, str | bytes | None]:
    return {"orders/deployment.yaml": DEPLOYMENT.replace("REPLICAS", str(replicas))}


def created(crew: Crew, shell: Shell, *policy: str) -> AppKey:
    """An Application named orders, made by flags."""
    crew.git.create(crew.repo, files())
    source = ("--repo", crew.repo_url, "--path", "orders", "--revision", "main")
    shell.ok(
        "app",
        "create",
        "orders",
        *source,
        "--dest-name",
        "in-cluster",
        "--dest-namespace",
        crew.target_namespace,
        *policy,
    )
    return AppKey(crew.control_namespace, "orders")


def deployment(crew: Crew) -> JsonObject | None:
    return crew.plane.api.find(f"/apis/apps/v1/namespaces/{crew.target_namespace}/deployments/orders-api")


def replicas(crew: Crew) -> int:
    found = deployment(crew)
    assert found is not None
    return int(found["spec"]["replicas"])


def edit(crew: Crew, count: int) -> None:
    """Somebody scales by hand."""
    path = f"/apis/apps/v1/namespaces/{crew.target_namespace}/deployments/orders-api"
    crew.plane.api.patch(f"{path}?fieldManager=kubectl-edit", {"spec": {"replicas": count}})


def test_a_sync_by_hand_is_followed_to_its_end_and_told_line_by_line(crew: Crew, shell: Shell) -> None:
    created(crew, shell)
    assert shell("app", "diff", "orders", "--exit-code").code == 1
    with working(crew):
        answer = shell.ok("app", "sync", "orders", "--timeout", "30")
    assert replicas(crew) == 3
    assert "operation requested" in answer.out
    assert f"Deployment {crew.target_namespace}/orders-api: Synced" in answer.out
    assert "operation Succeeded" in answer.out
    assert "sync Synced at " in answer.out
    assert answer.out.splitlines()[-1].endswith("orders  is done with its operation: Synced, Progressing")
    assert "\x1b" not in answer.out
    assert shell("app", "diff", "orders", "--exit-code").code == 0


def test_what_was_deployed_can_be_listed_in_every_form(crew: Crew, shell: Shell) -> None:
    key = created(crew, shell, "--auto", "--self-heal")
    crew.reconcile(key)
    listed = shell.ok("app", "list").out.splitlines()
    assert listed[0].split()[:5] == ["NAME", "PROJECT", "DESTINATION", "SYNC", "HEALTH"]
    assert listed[1].split()[:4] == ["orders", "default", f"in-cluster/{crew.target_namespace}", "Synced"]
    assert shell.ok("app", "list", "-o", "name").out == "orders\n"
    assert shell.ok("app", "list", "-o", "json").json == [crew.read(key)]
    assert [item["name"] for item in shell.ok("app", "resources", "orders", "-o", "json").json] == ["orders-api"]
    assert [item["initiatedBy"] for item in shell.ok("app", "history", "orders", "-o", "json").json] == [
        {"automated": True}
    ]


def test_a_rendering_is_explained_with_the_cache_of_the_workers_or_without_it(
    crew: Crew, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = created(crew, shell)
    crew.reconcile(key)

    alone = shell.ok("app", "explain-render", "orders", "-o", "json")
    (told,) = alone.json
    assert (told["hit"], told["sourceType"], told["binding"]) == (False, "Directory", "refs/heads/main")
    assert "file orders/deployment.yaml" in {f"{read['kind']} {read['path']}" for read in told["reads"]}
    assert "without RECONCILER_ROOT_KEY" in alone.err

    settings = crew.services.readers.settings
    monkeypatch.setenv("RECONCILER_ROOT_KEY", settings.root_key.get_secret_value())
    monkeypatch.setenv("RECONCILER_REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("RECONCILER_KEY_PREFIX", settings.key_prefix)
    shared = shell.ok("app", "explain-render", "orders")
    assert told["key"] in shared.out
    assert re.search(r"cache: +hit", shared.out)


def test_events_tell_what_happened(crew: Crew, shell: Shell) -> None:
    key = created(crew, shell, "--auto", "--self-heal")
    crew.reconcile(key)
    edit(crew, 5)
    crew.reconcile(key, lane="person")
    assert replicas(crew) == 3
    healed = "Deployment/orders-api: replicas live=5 desired=3 (kubectl-edit, "
    assert healed in shell.ok("app", "events", "orders").out
    assert healed in shell.ok("app", "get", "orders").out


def test_an_edit_by_hand_is_explained_by_field_editor_and_what_comes_next(crew: Crew, shell: Shell) -> None:
    key = created(crew, shell, "--auto")
    crew.reconcile(key)
    edit(crew, 5)
    crew.reconcile(key, lane="person")
    told = shell.ok("app", "get", "orders").out
    assert "Deployment/orders-api: replicas live=5 desired=3 (kubectl-edit, " in told
    assert "Sync:        OutOfSync at " in told
    assert "self-heal is off" in told
    recorded = shell.ok("app", "get", "orders", "--recorded").out
    assert "Deployment/orders-api: differs" in recorded
    answer = shell("app", "diff", "orders", "-o", "json", "--exit-code")
    assert answer.code == 1
    [found] = answer.json["objects"]
    assert [(d["live"], d["desired"], d["manager"]) for d in found["differences"]] == [("5", "3", "kubectl-edit")]


def test_a_script_that_pushed_waits_for_its_commit(crew: Crew, shell: Shell) -> None:
    key = created(crew, shell, "--auto")
    crew.reconcile(key)
    commit = crew.git.commit(crew.repo, files(replicas=4))
    with working(crew):
        shell.ok("app", "wait", "orders", "--revision", commit, "--sync", "--timeout", "30")
    assert replicas(crew) == 4
    assert crew.read(key)["status"]["sync"]["revision"] == commit
    assert "argocd.argoproj.io/refresh" not in crew.read(key)["metadata"].get("annotations", {})


def test_a_script_that_pushed_something_broken_is_told_so(
    crew: Crew, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = created(crew, shell, "--auto")
    crew.reconcile(key)
    wrong = DEPLOYMENT.replace("REPLICAS", "3").replace("matchLabels: {app: orders-api}", "matchLabels: {app: other}")
    commit = crew.git.commit(crew.repo, {"orders/deployment.yaml": wrong})
    monkeypatch.setattr(wait, "GRACE_S", 1.0)
    with working(crew):
        answer = shell("app", "wait", "orders", "--revision", commit, "--sync", "--timeout", "30")
    assert answer.code == 1
    assert "field is immutable" in answer.err
    assert answer.err.count("\n") == 1
    assert replicas(crew) == 3


def test_waiting_for_what_does_not_come_ends_with_its_own_exit_code(crew: Crew, shell: Shell) -> None:
    created(crew, shell)
    answer = shell("app", "wait", "orders", "--sync", "--timeout", "0.5")
    assert (answer.code, "not synced within 0.5 s" in answer.err) == (2, True)
    answer = shell("app", "sync", "orders", "--timeout", "0.5")
    assert (answer.code, "not done with its operation within 0.5 s" in answer.err) == (2, True)


def test_there_is_one_operation_at_a_time_and_one_that_nobody_began_can_be_withdrawn(crew: Crew, shell: Shell) -> None:
    key = created(crew, shell)
    shell.ok("app", "sync", "orders", "--async", "--prune", "--sync-option", "Prune=false")
    operation = crew.read(key)["operation"]
    assert operation["sync"] == {"prune": True, "syncOptions": ["Prune=false"]}
    assert operation["initiatedBy"]["username"]
    answer = shell("app", "sync", "orders", "--async")
    assert (answer.code, "already in progress" in answer.err) == (1, True)
    shell.ok("app", "terminate-op", "orders")
    assert "operation" not in crew.read(key)
    assert shell("app", "terminate-op", "orders").code == 1
    assert deployment(crew) is None


def test_an_operation_that_was_requested_at_the_same_moment_is_not_overwritten(crew: Crew, shell: Shell) -> None:
    key = created(crew, shell)
    control = Control(crew.services.readers.settings)
    stale = control.application("orders")
    crew.patch(key, {"operation": {"sync": {"revision": "first"}}})
    with pytest.raises(Problem, match="at the same moment"):
        control.patch(stale, start_patch(stale, {"sync": {"revision": "second"}}))
    control.cluster.transport.close()
    assert crew.read(key)["operation"]["sync"]["revision"] == "first"


def test_a_rollback_brings_an_earlier_deployment_back_but_never_against_automated_sync(
    crew: Crew, shell: Shell
) -> None:
    created(crew, shell)
    with working(crew):
        shell.ok("app", "sync", "orders", "--timeout", "30")
        crew.git.commit(crew.repo, files(replicas=4))
        shell.ok("app", "sync", "orders", "--timeout", "30")
        assert replicas(crew) == 4
        shell.ok("app", "rollback", "orders", "--timeout", "30")
    assert replicas(crew) == 3
    shell.ok("app", "create", "-f", str(_automated(crew, shell)), "--upsert")
    answer = shell("app", "rollback", "orders", "0")
    assert (answer.code, "automated sync" in answer.err) == (1, True)


def _automated(crew: Crew, shell: Shell) -> Path:
    """The same Application as a file, with automated sync."""
    app = shell.ok("app", "get", "orders", "-o", "json").json
    spec = {**app["spec"], "syncPolicy": {"automated": {}}}
    path = Path(crew.services.readers.settings.data_dir) / "orders.json"
    body = {"apiVersion": app["apiVersion"], "kind": app["kind"], "metadata": {"name": "orders"}, "spec": spec}
    path.write_text(json.dumps(body))
    return path


def test_a_deletion_takes_the_objects_with_it_or_leaves_them(crew: Crew, shell: Shell) -> None:
    created(crew, shell, "--auto")
    with working(crew):
        shell.ok("app", "wait", "orders", "--sync", "--timeout", "30")
        shell.ok("app", "delete", "orders", "--yes", "--no-cascade", "--wait", "--timeout", "30")
        assert replicas(crew) == 3
        source = ("--repo", crew.repo_url, "--path", "orders", "--revision", "main", "--auto")
        target = ("--dest-name", "in-cluster", "--dest-namespace", crew.target_namespace)
        shell.ok("app", "create", "orders", *source, *target)
        shell.ok("app", "wait", "orders", "--sync", "--timeout", "30")
        policy = ("--propagation-policy", "background")
        shell.ok("app", "delete", "orders", "--yes", *policy, "--wait", "--timeout", "30")
    assert deployment(crew) is None
    answer = shell("app", "get", "orders")
    assert (answer.code, "does not exist; reconciler app list" in answer.err) == (1, True)


def test_a_deletion_that_nobody_confirms_does_not_happen(
    crew: Crew, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = created(crew, shell)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    answer = shell("app", "delete", "orders")
    assert (answer.code, "pass --yes" in answer.err) == (1, True)
    assert crew.read(key)["metadata"].get("deletionTimestamp") is None


def test_what_cannot_be_compared_is_said_and_told_apart_from_a_difference(crew: Crew, shell: Shell) -> None:
    created(crew, shell)
    answer = shell("app", "diff", "orders", "--revision", "no-such-branch", "--exit-code")
    assert (answer.code, answer.out) == (2, "")
    assert "no-such-branch" in answer.err
    assert shell("app", "diff", "orders", "--revision", "no-such-branch").code == 1
