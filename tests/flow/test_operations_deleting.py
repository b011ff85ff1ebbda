"""What is pruned, what goes with its Application, and what stays or waits."""

from __future__ import annotations

import pytest

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map

RED = {"one.yaml": a_config_map("one", color="red")}
BLUE = {"one.yaml": a_config_map("one", color="blue")}


@pytest.mark.parametrize("at", ["object", "application"])
def test_prune_false_keeps_an_object_that_git_dropped(tenant: Tenant, at: str) -> None:
    mark = {"argocd.argoproj.io/sync-options": "Prune=false"} if at == "object" else {}
    options = {"syncOptions": ["Prune=false"]} if at == "application" else {}
    policy = {"automated": {"prune": True, "selfHeal": True}, **options}
    key = tenant.deploy({**RED, "two.yaml": a_config_map("two", annotations=mark)}, syncPolicy=policy)
    log = tenant.audit()
    tenant.push({"two.yaml": None, **BLUE})

    tenant.reconcile(key)

    assert tenant.results(key)["two"] == ("PruneSkipped", "ignored (no prune)")
    assert (tenant.verdict(key)[0], tenant.data("two")) == ("OutOfSync", {})
    tenant.let_pass(60)
    assert tenant.reconcile(key).objects == (), "no heal goes round for what is to stay"
    assert [event.verb for event in tenant.sent(log)] == ["patch"]


def test_prune_confirm_waits_for_an_approval_given_since_the_operation_started(tenant: Tenant) -> None:
    mark = {"argocd.argoproj.io/sync-options": "Prune=confirm"}
    key = tenant.deploy({**RED, "two.yaml": a_config_map("two", annotations=mark)})
    tenant.approve(key, later_s=-60)
    tenant.push({"two.yaml": None, **BLUE})

    for _ in range(2):
        tenant.reconcile(key)
        assert "Waiting for pruning confirmation of v1/ConfigMap/two" in tenant.state(key)["message"]
        assert (tenant.data("one"), tenant.data("two")) == ({"color": "red"}, {})
    tenant.approve(key, later_s=1)
    tenant.reconcile(key)

    assert (tenant.data("one"), tenant.data("two"), tenant.state(key)["phase"]) == (
        {"color": "blue"},
        None,
        "Succeeded",
    )


def _deleted(tenant: Tenant, option: str) -> AppKey:
    """An application of two objects, one of them with this sync option, that has been told to go."""
    marks = {"argocd.argoproj.io/sync-options": option}
    files = {**RED, "two.yaml": a_config_map("two", annotations=marks)}
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in files.items()})
    application = tenant.application()
    application["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io/background"]
    key = tenant.create(application)
    tenant.reconcile(key)
    tenant.plane.api.delete(tenant.app_path(key))
    return key


def test_delete_false_outlives_its_application(tenant: Tenant) -> None:
    key = _deleted(tenant, "Delete=false")

    tenant.reconcile(key)
    tenant.reconcile(key)

    assert tenant.plane.api.find(tenant.app_path(key)) is None
    assert (tenant.data("one"), tenant.data("two")) == (None, {})


def test_delete_confirm_holds_a_deletion_until_it_is_approved(tenant: Tenant) -> None:
    key = _deleted(tenant, "Delete=confirm")

    tenant.reconcile(key)
    assert (tenant.data("one"), tenant.data("two")) == ({"color": "red"}, {})
    tenant.approve(key, later_s=1)
    tenant.reconcile(key)
    tenant.reconcile(key)

    assert (tenant.data("one"), tenant.data("two")) == (None, None)
    assert tenant.plane.api.find(tenant.app_path(key)) is None


def _lost(tenant: Tenant, **spec: object) -> AppKey:
    """A deployed application whose spec has come to name what is not there, and that has been told to go."""
    application = tenant.application()
    application["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io/background"]
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in RED.items()})
    key = tenant.create(application)
    tenant.reconcile(key)
    tenant.edit(key, **spec)
    tenant.plane.api.delete(tenant.app_path(key))
    return key


def test_an_application_whose_cluster_is_not_registered_goes_and_leaves_its_objects(tenant: Tenant) -> None:
    key = _lost(tenant, destination={"server": "https://gone.example"})
    log = tenant.audit()

    tenant.reconcile(key)

    assert tenant.plane.api.find(tenant.app_path(key)) is None
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})


@pytest.mark.parametrize("spec", [{"project": "gone"}, {"destination": {"name": "in-cluster"}}])
def test_a_deletion_that_cannot_be_judged_waits_and_says_why(tenant: Tenant, spec: JsonObject) -> None:
    key = _lost(tenant, **spec)
    log = tenant.audit()

    tenant.reconcile(key)

    assert "DeletionError" in tenant.conditions(key)
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})
    tenant.edit(key, project="default", destination={"name": None})
    tenant.reconcile(key)
    assert (tenant.plane.api.find(tenant.app_path(key)), tenant.data("one")) == (None, None)


def test_an_object_with_a_copied_mark_is_never_pruned(tenant: Tenant) -> None:
    """Some controllers copy annotations to what they make; others copy objects by hand."""
    key = tenant.deploy(RED)
    original = tenant.config_map("one")
    assert original is not None
    marks = original["metadata"]["annotations"]
    metadata = {"name": "copy", "namespace": tenant.target_namespace, "annotations": marks}
    copy = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    tenant.plane.api.apply(copy, manager="argocd-controller")
    listed = [*tenant.status(key)["resources"], {**tenant.status(key)["resources"][0], "name": "copy"}]
    tenant.patch(key, {"status": {"resources": listed}})
    log = tenant.audit()

    tenant.reconcile(key)

    assert (tenant.sent(log), tenant.verdict(key)[0], tenant.data("copy")) == ([], "Synced", {})
