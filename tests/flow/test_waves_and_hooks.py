"""Syncs in several steps on a cluster whose controllers run Jobs: the order of the calls, as the audit log has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest
import yaml

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.sandbox.api import ApiError
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from tests.compat.realobjects import repos
from tests.flow.tenancy import Tenant, a_config_map, a_tenant, neighbour
from tests.support.audit import AuditLog

BY_HAND: JsonObject = {"syncPolicy": {}}
DEADLINE_S = 60.0
"""Jobs run in the sandbox's controller manager and kubelets."""


@pytest.fixture(scope="module")
def first_tenant(
    workload_plane: ControlPlane,
    module_valkey: Valkey,
    module_git: GitServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Tenant]:
    with a_tenant(workload_plane, module_valkey, module_git, tmp_path_factory.mktemp("worker")) as made:
        yield made


@pytest.fixture
def tenant(first_tenant: Tenant) -> Tenant:
    first_tenant.services.readers.catalog.invalidate()
    return neighbour(first_tenant)


def example(*folders: str) -> dict[str, str]:
    """Files of argocd-example-apps, by path from the root of the repository."""
    root = repos() / "argocd-example-apps"
    found = [path for folder in folders for path in sorted((root / folder).rglob("*")) if path.is_file()]
    return {str(path.relative_to(root)): path.read_text() for path in found}


def deployed(tenant: Tenant, files: Mapping[str, str], path: str) -> AppKey:
    tenant.git.create(tenant.repo, dict(files))
    key = tenant.create(tenant.application(path=path, **BY_HAND))
    tenant.reconcile(key)
    return key


def run_to_end(tenant: Tenant, key: AppKey) -> JsonObject:
    """Passes until the operation is over; its last state."""

    def over() -> bool:
        tenant.reconcile(key)
        return "operation" not in tenant.read(key)

    wait_for(over, "the operation to end", timeout_s=DEADLINE_S, every_s=0.3)
    return tenant.state(key)


def calls(tenant: Tenant, log: AuditLog) -> list[str]:
    """What our worker made of the namespace, in order: `create Job before`. Generated endings are left out."""
    told = []
    for event in tenant.sent(log):
        body = event.request if isinstance(event.request, dict) else {}
        kind = body.get("kind") or event.resource
        name = event.name or body.get("metadata", {}).get("name", "")
        verb = "apply" if "force=true" in event.uri else event.verb
        told.append(f"{verb} {kind if verb != 'delete' else event.resource} {name}")
    return told


def test_the_example_of_sync_waves_runs_in_the_documented_order(tenant: Tenant) -> None:
    key = deployed(tenant, example("sync-waves"), "sync-waves")
    log = tenant.audit()
    tenant.ask(key)

    state = run_to_end(tenant, key)

    assert (state["phase"], tenant.verdict(key)) == ("Succeeded", ("Synced", "Healthy"))
    hook = next(item["name"] for item in state["syncResult"]["resources"] if item.get("hookType") == "PreSync")
    assert hook.startswith("upgrade-sql-schema")
    order = [line for line in calls(tenant, log) if line.startswith(("create", "apply"))]
    assert order == [
        f"create Job {hook}",
        "apply Service backend",
        "apply ReplicaSet backend",
        "create Job maint-page-up",
        "apply Service frontend",
        "apply ReplicaSet frontend",
        "create Job maint-page-down",
    ]


def test_the_example_of_hooks_before_and_after_runs_in_the_documented_order(tenant: Tenant) -> None:
    key = deployed(tenant, example("pre-post-sync", "kustomize-guestbook"), "pre-post-sync")
    log = tenant.audit()
    tenant.ask(key)

    state = run_to_end(tenant, key)

    assert state["phase"] == "Succeeded", state
    *done, first, second, third = calls(tenant, log)
    assert done == [
        "create Job pre-post-sync-before",
        "patch jobs pre-post-sync-before",
        "apply Service pre-post-sync-kustomize-guestbook-ui",
        "apply Deployment pre-post-sync-kustomize-guestbook-ui",
        "create Job pre-post-sync-after",
    ]
    # Hooks that are over go side by side, each once nothing keeps it any more.
    after = [call for call in (first, second, third) if call.endswith("-after")]
    assert after == ["patch jobs pre-post-sync-after", "delete jobs pre-post-sync-after"]
    assert "delete jobs pre-post-sync-before" in (first, second, third)


NEVER = """
apiVersion: batch/v1
kind: Job
metadata:
  name: never
  annotations: {argocd.argoproj.io/hook: PreSync}
spec:
  suspend: true
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}}
"""


def a_job(name: str, hook: str, policy: str = "") -> str:
    marks = f"argocd.argoproj.io/hook: {hook}" + (
        f", argocd.argoproj.io/hook-delete-policy: {policy}" if policy else ""
    )
    pod = "{spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}}"
    head = f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, annotations: {{{marks}}}}}\n"
    return f"{head}spec: {{template: {pod}}}\n"


def jobs(tenant: Tenant) -> list[str]:
    listed = tenant.plane.api.get(f"/apis/batch/v1/namespaces/{tenant.target_namespace}/jobs")
    return sorted(item["metadata"]["name"] for item in listed["items"])


def started(tenant: Tenant, files: Mapping[str, str]) -> AppKey:
    """An application whose operation waits for a hook that never ends."""
    key = tenant.deploy({"never.yaml": NEVER, **files}, **BY_HAND)
    tenant.ask(key, retry={"limit": 3})
    result = tenant.reconcile(key)
    assert (tenant.state(key)["message"], result.phase) == ("waiting for completion of hook batch/Job/never", "Running")
    assert result.next_due_s is not None
    assert result.next_due_s <= 30
    return key


def test_a_terminated_operation_takes_its_running_hook_along(tenant: Tenant) -> None:
    key = started(tenant, {"one.yaml": a_config_map("one")})
    tenant.patch(key, {"status": {"operationState": {"phase": "Terminating"}}})

    tenant.reconcile(key)

    assert (tenant.state(key)["phase"], tenant.state(key)["message"]) == ("Failed", "Operation terminated")
    assert "operation" not in tenant.read(key)
    wait_for(lambda: not jobs(tenant), "the hook to be gone", timeout_s=20)
    assert tenant.data("one") is None


def test_a_hook_that_never_ends_is_ended_by_the_time_limit_of_operations(tenant: Tenant) -> None:
    key = started(tenant, {"one.yaml": a_config_map("one")})
    readers = tenant.services.readers
    limited = replace(readers, settings=readers.settings.model_copy(update={"sync_timeout_s": 60.0}))
    tenant.services = replace(tenant.services, readers=limited)
    result = tenant.reconcile(key)
    assert (result.phase, result.next_due_s is not None and result.next_due_s <= 30) == ("Running", True)
    tenant.let_pass(61)

    tenant.reconcile(key)

    cause = "Operation terminated, triggered by controller sync timeout"
    assert (tenant.state(key)["phase"], tenant.state(key)["message"]) == ("Failed", cause)
    wait_for(lambda: not jobs(tenant), "the hook to be gone", timeout_s=20)
    assert tenant.reconcile(key).objects == ()


def test_an_old_copy_of_a_hook_goes_before_the_next_sync_runs_it_again(tenant: Tenant) -> None:
    key = tenant.deploy({"job.yaml": a_job("migrate", "PreSync"), "one.yaml": a_config_map("one", a="1")}, **BY_HAND)
    tenant.ask(key)
    assert run_to_end(tenant, key)["phase"] == "Succeeded"
    tenant.push({"one.yaml": a_config_map("one", a="2")})
    log = tenant.audit()
    tenant.ask(key)

    assert run_to_end(tenant, key)["phase"] == "Succeeded"

    assert calls(tenant, log) == [
        "delete jobs migrate",
        "create Job migrate",
        "patch jobs migrate",
        "apply ConfigMap one",
    ]


def test_a_refused_object_fails_the_sync_after_its_fellows_and_runs_the_hooks_for_failures_once(
    tenant: Tenant,
) -> None:
    with refusing(tenant, "three"):
        files = {f"{name}.yaml": a_config_map(name) for name in ("one", "two", "three", "four", "five")}
        undo = a_config_map("undo", annotations={"argocd.argoproj.io/hook": "SyncFail"})
        late = a_config_map("late", annotations={"argocd.argoproj.io/sync-wave": "1"})
        key = tenant.deploy({**files, "undo.yaml": undo, "late.yaml": late}, **BY_HAND)
        log = tenant.audit()
        tenant.ask(key)

        state = run_to_end(tenant, key)

    assert state["phase"] == "Failed"
    assert state["message"].startswith("one or more objects failed to apply, reason: ")
    assert "three" in state["message"]
    assert [name for name in ("one", "two", "three", "four", "five", "late") if tenant.data(name) is None] == [
        "three",
        "late",
    ]
    assert calls(tenant, log)[-2:] == ["create ConfigMap undo", "patch configmaps undo"]
    assert calls(tenant, log).count("create ConfigMap undo") == 1


def test_a_hook_finds_the_namespace_that_its_sync_creates(tenant: Tenant) -> None:
    place = f"new-{tenant.repo}"
    destination = {"server": "https://kubernetes.default.svc", "namespace": place}
    hook = a_config_map("first", annotations={"argocd.argoproj.io/hook": "PreSync"})
    key = tenant.deploy({"hook.yaml": hook}, destination=destination, **BY_HAND)
    tenant.ask(key, syncOptions=["CreateNamespace=true"])

    state = run_to_end(tenant, key)

    assert state["phase"] == "Succeeded", state
    told = {item["name"]: item["syncPhase"] for item in state["syncResult"]["resources"]}
    assert told == {place: "PreSync", "first": "PreSync"}


@contextmanager
def refusing(tenant: Tenant, name: str) -> Iterator[None]:
    """While open, the API server refuses a ConfigMap of this name in the tenant's namespace, as a webhook would."""
    api, policy = tenant.plane.api, f"refuse-{tenant.repo}"
    group = "admissionregistration.k8s.io/v1"
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}]
    spec = {
        "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": f"object.metadata.name != '{name}'", "message": "refused by policy"}],
    }
    scope = {"matchLabels": {"kubernetes.io/metadata.name": tenant.target_namespace}}
    bound = {"policyName": policy, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": scope}}
    kinds = {"ValidatingAdmissionPolicy": spec, "ValidatingAdmissionPolicyBinding": bound}
    made = [
        api.create({"apiVersion": group, "kind": kind, "metadata": {"name": policy}, "spec": content})
        for kind, content in kinds.items()
    ]
    wait_for(lambda: _refuses(tenant, name), "the policy to hold", timeout_s=30)
    try:
        yield
    finally:
        for body in reversed(made):
            api.delete(api.path(body))


def _refuses(tenant: Tenant, name: str) -> bool:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": tenant.target_namespace}}
    try:
        tenant.plane.api.create(body)
    except ApiError as error:
        return error.code == 422
    tenant.remove_by_hand(name)
    return False


def test_an_object_waits_inside_its_sync_for_a_definition_that_is_slow_to_be_served(tenant: Tenant) -> None:
    group = f"{tenant.repo}.example.com"
    # Two definitions that want one name: the second is served only once the first is gone.
    rival = a_definition(group, "rivals", "Rival", also="things")
    tenant.serve(rival)
    thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "one"}}
    definition = a_definition(group, "things", "Thing")
    files = {"crd.yaml": yaml.safe_dump(definition), "one.yaml": yaml.safe_dump(thing)}
    key = tenant.deploy(files, **BY_HAND)
    tenant.ask(key)
    for _ in range(3):
        tenant.reconcile(key)
    assert tenant.state(key)["phase"] == "Running", tenant.state(key)
    tenant.unserve(rival)

    state = run_to_end(tenant, key)

    assert (state["phase"], tenant.verdict(key)[0]) == ("Succeeded", "Synced")


def a_definition(group: str, plural: str, kind: str, *, also: str = "") -> JsonObject:
    schema = {"openAPIV3Schema": {"type": "object"}}
    names = {"plural": plural, "singular": plural[:-1], "kind": kind, **({"shortNames": [also]} if also else {})}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": names,
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def test_hooks_of_a_deletion_run_before_the_objects_go_and_after_they_have_gone(tenant: Tenant) -> None:
    files = {
        "backup.yaml": a_job("backup", "PreDelete"),
        "tell.yaml": a_job("tell", "PostDelete", "HookSucceeded"),
        "one.yaml": a_config_map("one"),
    }
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in files.items()})
    body = tenant.application()
    body["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    key = tenant.create(body)
    tenant.reconcile(key)
    held = tenant.read(key)["metadata"]["finalizers"]
    assert sorted(held) == sorted(
        [
            "resources-finalizer.argocd.argoproj.io",
            *(
                f"{stage}-delete-finalizer.argocd.argoproj.io{end}"
                for stage in ("pre", "post")
                for end in ("", "/cleanup")
            ),
        ]
    )
    assert tenant.verdict(key)[0] == "Synced"
    tenant.plane.api.delete(tenant.app_path(key))
    log = tenant.audit()

    wait_for(lambda: tenant.reconcile(key).verdict == "gone", "the Application to be gone", timeout_s=60, every_s=0.3)

    assert calls(tenant, log) == [
        "create Job backup",
        "delete configmaps one",
        "create Job tell",
        "patch jobs backup",
        "patch jobs tell",
        "delete jobs tell",
    ]
