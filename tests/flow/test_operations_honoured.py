"""Fields and annotations whose meaning only shows against a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}


def namespace_policy(**metadata: Any) -> JsonObject:
    return {
        "automated": {"prune": True, "selfHeal": True},
        "syncOptions": ["CreateNamespace=true"],
        "managedNamespaceMetadata": metadata,
    }


@pytest.mark.parametrize("exists", [True, False])
def test_metadata_of_a_managed_namespace_is_set_and_kept_and_the_namespace_never_removed(
    tenant: Tenant, exists: bool
) -> None:
    name = tenant.target_namespace if exists else f"{tenant.repo}-new"
    path = f"/api/v1/namespaces/{name}"
    place = {"name": "in-cluster", "namespace": name}
    key = tenant.deploy(RED, destination=place, syncPolicy=namespace_policy(labels={"team": "shop"}))
    assert tenant.verdict(key) == ("Synced", "Healthy")
    assert tenant.plane.api.get(path)["metadata"]["labels"]["team"] == "shop"

    tenant.plane.api.patch(path, {"metadata": {"labels": {"team": "other", "mine": "yes"}}})
    tenant.reconcile(key)
    labels = tenant.plane.api.get(path)["metadata"]["labels"]
    assert (labels["team"], labels["mine"]) == ("shop", "yes")
    tenant.let_pass(60)
    tenant.edit(key, syncPolicy={"syncOptions": None, "managedNamespaceMetadata": None})
    tenant.reconcile(key)

    assert tenant.verdict(key) == ("Synced", "Healthy")
    assert "deletionTimestamp" not in tenant.plane.api.get(path)["metadata"]


def test_an_ignored_field_is_neither_shown_nor_healed(tenant: Tenant) -> None:
    ignored = [{"group": "", "kind": "ConfigMap", "jsonPointers": ["/data/color"]}]
    key = tenant.deploy(RED, ignoreDifferences=ignored)
    log = tenant.audit()
    tenant.by_hand("one", {"data": {"color": "green"}})

    tenant.reconcile(key)

    assert (tenant.verdict(key)[0], tenant.data("one"), tenant.sent(log)) == ("Synced", {"color": "green"}, [])
    tenant.by_hand("one", {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": None}}})
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "red"}, "a sync for another reason applies all of it, as Argo CD's does"


def test_an_extraneous_object_that_says_so_leaves_its_application_synced(tenant: Tenant) -> None:
    marks = {"argocd.argoproj.io/compare-options": "IgnoreExtraneous"}
    key = tenant.deploy({**RED, "two.yaml": a_config_map("two", annotations=marks)})
    tenant.push({"two.yaml": None})

    tenant.reconcile(key)

    assert tenant.verdict(key) == ("Synced", "Healthy")
    assert tenant.data("two") == {}


def test_fields_of_the_manager_named_for_migration_are_taken_over(tenant: Tenant) -> None:
    """What that manager wrote and Git no longer names is removed, as if it had always been ours."""
    tenant.git.create(tenant.repo, {"web/one.yaml": RED["one.yaml"]})
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one", "namespace": tenant.target_namespace},
        "data": {"color": "red", "old": "yes"},
    }
    tenant.plane.api.request("POST", f"{tenant.plane.api.path(body, named=False)}?fieldManager=helm", body)
    application = tenant.application()
    mark = "argocd.argoproj.io/client-side-apply-migration-manager"
    application["metadata"]["annotations"] = {mark: "helm"}

    tenant.reconcile(tenant.create(application))

    assert tenant.data("one") == {"color": "red"}


def test_toggling_automation_syncs_by_itself(tenant: Tenant) -> None:
    key = tenant.deploy(RED, syncPolicy={"automated": {"enabled": False, "prune": True}})
    assert (tenant.verdict(key), tenant.data("one")) == (("OutOfSync", "Missing"), None)

    tenant.edit(key, syncPolicy={"automated": {"enabled": True}})

    assert (tenant.verdict(key), tenant.data("one")) == (("Synced", "Healthy"), {"color": "red"})


def test_a_retry_that_refreshes_takes_the_commit_that_mends_it(tenant: Tenant) -> None:
    broken = {"one.yaml": a_config_map("one") + "data: {not a key: x}\n"}
    key = tenant.deploy(broken, syncPolicy={"automated": {}, "retry": {"limit": 5, "refresh": True}})
    tenant.push(BLUE)
    tenant.reconcile(key)
    assert tenant.data("one") is None, "not before its time"

    tenant.let_pass(11)
    tenant.reconcile(key)

    assert (tenant.verdict(key), tenant.data("one")) == (("Synced", "Healthy"), {"color": "blue"})


def test_the_history_is_as_long_as_its_limit(tenant: Tenant) -> None:
    key = tenant.deploy(RED, revisionHistoryLimit=2)
    commits = [tenant.status(key)["history"][0]["revision"]]
    for color in ("blue", "green"):
        commits.append(tenant.push({"one.yaml": a_config_map("one", color=color)}))
        tenant.reconcile(key)

    assert [item["revision"] for item in tenant.status(key)["history"]] == commits[-2:]
    assert [item["id"] for item in tenant.status(key)["history"]] == [1, 2]


def test_directory_settings_choose_the_files(tenant: Tenant) -> None:
    files = {**RED, "deep/two.yaml": a_config_map("two"), "deep/no.yaml": a_config_map("no"), "x.json": "{}"}
    key = tenant.deploy(files, syncPolicy={})

    tenant.edit(
        key,
        source={"directory": {"recurse": True, "include": "*.yaml", "exclude": "*/no.yaml"}},
        syncPolicy={"automated": {}},
    )

    assert (tenant.data("one"), tenant.data("two"), tenant.data("no")) == ({"color": "red"}, {}, None)
