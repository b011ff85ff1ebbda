"""Writing in another's name, judged by the API server's audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}
RBAC = "rbac.authorization.k8s.io"


@pytest.fixture
def impersonating(tenant: Tenant) -> Iterator[Tenant]:
    tenant.settings({"application.sync.impersonation.enabled": "true"})
    yield tenant
    tenant.settings({})


def an_account(tenant: Tenant, *verbs: str) -> str:
    """A service account that may do this to ConfigMaps of the tenant's namespace; its user name."""
    namespace = tenant.target_namespace
    metadata = {"name": "deployer", "namespace": namespace}
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": list(verbs)}]
    subject = {"kind": "ServiceAccount", "name": "deployer", "namespace": namespace}
    reference = {"apiGroup": RBAC, "kind": "Role", "name": "deployer"}
    for body in (
        {"apiVersion": "v1", "kind": "ServiceAccount"},
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "rules": rules},
        {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "roleRef": reference, "subjects": [subject]},
    ):
        tenant.plane.api.apply({**body, "metadata": metadata})
    return f"system:serviceaccount:{namespace}:deployer"


def a_project(tenant: Tenant, account: str = "deployer") -> str:
    rule = {"server": "*", "namespace": tenant.target_namespace, "defaultServiceAccount": account}
    return tenant.project(destinationServiceAccounts=[rule])


def writers(tenant: Tenant, log: Any) -> set[str]:
    return {event.impersonated for event in tenant.sent(log)}


def test_everything_is_written_in_the_name_that_the_project_gives(impersonating: Tenant) -> None:
    tenant, log = impersonating, impersonating.audit()
    user = an_account(tenant, "get", "create", "patch", "delete")
    key = tenant.deploy(RED, project=a_project(tenant), syncPolicy={"automated": {"prune": True, "allowEmpty": True}})
    tenant.push(BLUE)
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "blue"}
    tenant.push({"one.yaml": None, "two.yaml": a_config_map("two", color="red")})
    for _ in range(3):
        tenant.reconcile(key)
    assert (tenant.data("one"), tenant.data("two")) == (None, {"color": "red"})
    tenant.patch(key, {"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}})
    tenant.plane.api.delete(tenant.app_path(key))
    for _ in range(3):
        tenant.reconcile(key)
    assert tenant.data("two") is None
    assert {event.verb for event in tenant.sent(log)} >= {"patch", "delete"}
    assert writers(tenant, log) == {user}


def test_what_the_account_may_not_do_is_not_done(impersonating: Tenant) -> None:
    tenant = impersonating
    user = an_account(tenant, "get")
    key = tenant.deploy(RED, project=a_project(tenant), syncPolicy={"automated": {}, "retry": {"limit": 0}})
    assert tenant.data("one") is None
    assert f'User "{user}" cannot' in tenant.results(key)["one"][1]


def test_without_an_account_nothing_is_written_and_the_operation_says_why(impersonating: Tenant) -> None:
    tenant, log = impersonating, impersonating.audit()
    name = tenant.project(destinationServiceAccounts=[{"server": "*", "namespace": "x", "defaultServiceAccount": "a"}])
    key = tenant.deploy(RED, project=name, syncPolicy={"automated": {}, "retry": {"limit": 0}})
    assert (tenant.sent(log), tenant.state(key)["phase"]) == ([], "Error")
    assert "no matching service account found" in tenant.state(key)["message"]
