"""Syncs in several steps on a cluster whose controllers run Jobs: the order of the calls, as the audit log has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from tests.compat.realobjects import repos
from tests.flow.tenancy import Tenant, a_tenant, neighbour
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
    assert calls(tenant, log) == [
        "create Job pre-post-sync-before",
        "patch jobs pre-post-sync-before",
        "apply Service pre-post-sync-kustomize-guestbook-ui",
        "apply Deployment pre-post-sync-kustomize-guestbook-ui",
        "create Job pre-post-sync-after",
        "delete jobs pre-post-sync-before",
        "patch jobs pre-post-sync-after",
        "delete jobs pre-post-sync-after",
    ]
