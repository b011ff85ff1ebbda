"""What a project does not permit is neither read nor written nor deleted, and permitting it is enough."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}
CONFIG_MAPS = [{"group": "", "kind": "ConfigMap"}]
A_ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {name}\nrules: []\n"
INVALID = "one or more synchronization tasks are not valid"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"sourceRepos": ["https://git.example/*"]}, "application repo {url} is not permitted in project '{name}'"),
        ({"sourceRepos": ["*", "!{url}"]}, "application repo {url} is not permitted in project '{name}'"),
        ({"destinations": [{"server": "*", "namespace": "other"}]}, "do not match any of the allowed destinations"),
        ({"destinations": [{"server": "https://x", "namespace": "*"}]}, "do not match any of the allowed destinations"),
        ({"destinations": []}, "do not match any of the allowed destinations"),
    ],
)
def test_a_source_or_destination_outside_the_project_is_not_even_looked_at(
    tenant: Tenant, rule: dict[str, Any], words: str
) -> None:
    key = tenant.deploy(RED, project=tenant.project())
    log, asked = tenant.audit(), sum(tenant.git.requests.values())
    filled = {name: [_filled(item, tenant) for item in items] for name, items in rule.items()}
    tenant.project(**filled)

    tenant.reconcile(key, lane="person")

    told = words.format(url=tenant.repo_url, name=tenant.repo)
    assert told in tenant.conditions(key)["InvalidSpecError"]
    assert tenant.verdict(key) == ("Unknown", "Unknown")
    assert (tenant.sent(log), sum(tenant.git.requests.values())) == ([], asked)
    assert len(tenant.status(key)["resources"]) == 1
    tenant.project()
    tenant.push(BLUE)
    tenant.reconcile(key)
    assert (tenant.verdict(key), tenant.data("one")) == (("Synced", "Healthy"), {"color": "blue"})


def _filled(item: Any, tenant: Tenant) -> Any:
    return item.format(url=tenant.repo_url) if isinstance(item, str) else item


@pytest.mark.parametrize(
    "rule",
    [
        {"namespaceResourceBlacklist": CONFIG_MAPS},
        {"namespaceResourceWhitelist": []},
        {"namespaceResourceWhitelist": [{"group": "apps", "kind": "*"}]},
    ],
)
def test_a_kind_that_the_project_forbids_stops_the_whole_sync(tenant: Tenant, rule: dict[str, Any]) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: two\n"
    key = tenant.deploy(RED, project=tenant.project(**rule))
    log = tenant.audit()
    tenant.push({"two.yaml": secret})

    tenant.reconcile(key)

    state = tenant.status(key)["operationState"]
    assert state["message"].startswith(INVALID)
    assert f"resource :ConfigMap is not permitted in project {tenant.repo}" in state["message"]
    assert tenant.verdict(key)[0] == "OutOfSync"
    assert tenant.sent(log) == []
    tenant.project()
    tenant.let_pass(3600)
    tenant.reconcile(key)
    tenant.reconcile(key)
    assert (tenant.verdict(key), tenant.data("one")) == (("Synced", "Healthy"), {"color": "red"})


def test_an_object_for_a_namespace_outside_the_project_stops_the_whole_sync(tenant: Tenant) -> None:
    elsewhere = tenant.plane.api.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "else-"}}
    )
    foreign = elsewhere["metadata"]["name"]
    project = tenant.project(destinations=[{"server": "*", "namespace": tenant.target_namespace}])
    log = tenant.audit()

    key = tenant.deploy(
        {**RED, "two.yaml": a_config_map("two").replace("name: two", f"name: two\n  namespace: {foreign}")},
        project=project,
    )

    assert f"namespace {foreign} is not permitted in project '{project}'" in _message(tenant, key)
    assert [event for event in tenant.sent(log, everywhere=True) if event.resource == "configmaps"] == []


def test_cluster_wide_objects_have_to_be_listed(tenant: Tenant) -> None:
    name = f"{tenant.repo}-reader"
    project = tenant.project(clusterResourceWhitelist=[])
    key = tenant.deploy({"role.yaml": A_ROLE.format(name=name)}, project=project)
    path = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}"
    assert "ClusterRole is not permitted in project" in _message(tenant, key)
    assert tenant.plane.api.find(path) is None

    tenant.project(clusterResourceWhitelist=[{"group": "rbac.authorization.k8s.io", "kind": "ClusterRole"}])
    tenant.let_pass(3600)
    tenant.reconcile(key)

    assert tenant.plane.api.find(path) is not None


def test_what_the_project_came_to_forbid_is_neither_healed_nor_pruned_nor_deleted(tenant: Tenant) -> None:
    application = tenant.application(project=tenant.project())
    application["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io/background"]
    tenant.git.create(tenant.repo, {"web/one.yaml": RED["one.yaml"], "web/two.yaml": a_config_map("two")})
    key = tenant.create(application)
    tenant.reconcile(key)
    log = tenant.audit()
    tenant.project(namespaceResourceBlacklist=CONFIG_MAPS)
    tenant.by_hand("one", {"data": {"color": "by hand"}})
    tenant.push({"two.yaml": None})

    tenant.reconcile(key)
    tenant.plane.api.delete(tenant.app_path(key))
    tenant.reconcile(key)

    assert tenant.sent(log) == []
    assert (tenant.data("one"), tenant.data("two")) == ({"color": "by hand"}, {})


def test_what_is_deployed_and_forbidden_since_is_not_called_synced(tenant: Tenant) -> None:
    key = tenant.deploy(RED, project=tenant.project())
    log = tenant.audit()
    tenant.project(namespaceResourceBlacklist=CONFIG_MAPS)

    tenant.reconcile(key)

    assert tenant.verdict(key)[0] == "OutOfSync"
    assert [item["status"] for item in tenant.status(key)["resources"]] == ["Unknown"]
    assert tenant.sent(log) == []


def test_an_application_of_another_namespace_may_not_use_a_project_that_does_not_name_it(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in RED.items()})
    application = tenant.application()
    application["metadata"]["namespace"] = tenant.target_namespace
    log = tenant.audit()

    key = tenant.create(application)
    tenant.reconcile(key)

    assert "is not permitted to use project 'default'" in tenant.conditions(key)["InvalidSpecError"]
    assert [event for event in tenant.sent(log) if event.resource == "configmaps"] == []


def _message(tenant: Tenant, key: Any) -> str:
    message: str = tenant.status(key)["operationState"]["message"]
    return message


def test_a_project_inherits_the_rules_of_the_global_projects_that_select_it(tenant: Tenant) -> None:
    everyone = f"{tenant.repo}-everyone"
    spec = {"namespaceResourceBlacklist": CONFIG_MAPS, "sourceRepos": [], "destinations": []}
    metadata = {"name": everyone, "namespace": tenant.control_namespace}
    tenant.plane.api.apply(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec}
    )
    selector = {"matchLabels": {"tier": tenant.repo}}
    name = tenant.project()
    key = tenant.deploy(RED, project=name)
    assert tenant.data("one") == {"color": "red"}
    try:
        tenant.settings({"globalProjects": json.dumps([{"projectName": everyone, "labelSelector": selector}])})
        tenant.push(BLUE)
        tenant.reconcile(key)
        assert tenant.data("one") == {"color": "blue"}, "no label, no inheritance"

        path = f"/apis/argoproj.io/v1alpha1/namespaces/{tenant.control_namespace}/appprojects/{name}"
        tenant.plane.api.patch(path, {"metadata": {"labels": {"tier": tenant.repo}}})
        tenant.services.readers.catalog.invalidate()
        tenant.push(RED)
        tenant.reconcile(key)
        assert tenant.data("one") == {"color": "blue"}
        assert "is not permitted in project" in tenant.state(key)["message"]
    finally:
        tenant.settings({})


def test_an_automated_prune_above_the_limit_of_the_project_waits_for_an_approval(tenant: Tenant) -> None:
    name = tenant.project()
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{tenant.control_namespace}/appprojects/{name}"
    tenant.plane.api.patch(path, {"metadata": {"annotations": {"reconciler.dev/prune-limit": "1"}}})
    files = {f"{one}.yaml": a_config_map(one, color="red") for one in ("one", "two", "three")}
    key = tenant.deploy(files, project=name, syncPolicy={"automated": {"prune": True}})

    tenant.push({"two.yaml": None, "three.yaml": None})
    tenant.reconcile(key)
    assert tenant.state(key)["phase"] == "Running"
    assert "2 of 3 objects would be pruned by itself" in tenant.state(key)["message"]
    assert tenant.data("two") == {"color": "red"}

    tenant.approve(key)
    for _ in range(3):
        tenant.reconcile(key)
    assert (tenant.data("two"), tenant.verdict(key)[0]) == (None, "Synced")
