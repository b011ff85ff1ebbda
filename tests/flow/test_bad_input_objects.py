"""Objects that cannot be applied as they are written: told, and never half done by surprise."""

from __future__ import annotations

import yaml

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.sandbox.waiting import wait_for
from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}


def custom(kind: str, group: str, *, scope: str = "Namespaced") -> tuple[str, JsonObject]:
    """YAML of an object of a kind that no cluster serves by itself, and the definition of that kind."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": {"plural": plural, "kind": kind}, "scope": scope, "versions": [version]},
    }
    return f"apiVersion: {group}/v1\nkind: {kind}\nmetadata:\n  name: w\nspec: {{size: 1}}\n", definition


def test_the_last_of_two_objects_of_one_name_wins_and_they_do_not_take_turns(tenant: Tenant) -> None:
    key = tenant.deploy({"a.yaml": a_config_map("one", color="red"), "b.yaml": a_config_map("one", color="blue")})

    assert "/ConfigMap/" in tenant.conditions(key)["RepeatedResourceWarning"]
    assert "appeared 2 times" in tenant.conditions(key)["RepeatedResourceWarning"]
    assert (tenant.verdict(key), tenant.data("one")) == (("Synced", "Healthy"), {"color": "blue"})
    log, written = tenant.audit(), tenant.read(key)["metadata"]["resourceVersion"]
    for lane in ("push", "timer", "person"):
        tenant.reconcile(key, lane=lane)
    assert (tenant.sent(log), tenant.read(key)["metadata"]["resourceVersion"]) == ([], written)
    tenant.push({"b.yaml": None})
    tenant.reconcile(key)
    assert (tenant.conditions(key), tenant.data("one")) == ({}, {"color": "red"})


def test_a_kind_that_the_cluster_lacks_holds_the_application_until_the_cluster_serves_it(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    log = tenant.audit()
    text, definition = custom("Widget", f"{tenant.repo}.example.com")
    tenant.push({**BLUE, "widget.yaml": text})

    result = tenant.reconcile(key)

    assert result.next_due_s is not None
    assert 60 < result.next_due_s < 600
    assert f"the cluster serves no {tenant.repo}.example.com/Widget" in tenant.conditions(key)["ComparisonError"]
    assert tenant.verdict(key)[0] == "Unknown"
    assert {item["kind"] for item in tenant.status(key)["resources"]} == {"ConfigMap", "Widget"}
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})
    tenant.serve(definition)
    _until_synced(tenant, key)
    assert tenant.data("one") == {"color": "blue"}


def test_a_kind_whose_definition_comes_along_is_deployed_by_one_sync(tenant: Tenant) -> None:
    text, definition = custom("Gadget", f"{tenant.repo}.example.com")

    key = tenant.deploy({"a.yaml": text, "b.yaml": yaml.safe_dump(definition)})
    _until_synced(tenant, key)

    assert len(tenant.status(key)["history"]) == 1
    results = tenant.status(key)["operationState"]["syncResult"]["resources"]
    assert [item["message"].rpartition(" ")[2] for item in results] == ["created", "created"]


def test_a_kind_that_cannot_be_read_any_more_prunes_nothing(tenant: Tenant) -> None:
    text, definition = custom("Trinket", f"{tenant.repo}.example.com")
    tenant.serve(definition)
    key = tenant.deploy({**RED, "a.yaml": text, "two.yaml": a_config_map("two")})
    _until_synced(tenant, key)
    log = tenant.audit()
    tenant.unserve(definition)
    tenant.push({"two.yaml": None})

    wait_for(lambda: tenant.reconcile(key).sync == "Unknown", "discovery to be looked at again", timeout_s=10)

    assert tenant.verdict(key)[0] == "Unknown"
    assert {item["name"] for item in tenant.status(key)["resources"]} == {"one", "two", "w"}
    assert (tenant.sent(log), tenant.data("two")) == ([], {})


def test_a_missing_namespace_fails_the_sync_and_creating_it_is_enough(tenant: Tenant) -> None:
    missing = f"{tenant.repo}-missing"
    key = tenant.deploy(RED, destination={"name": "in-cluster", "namespace": missing})

    state = tenant.status(key)["operationState"]
    assert f'namespaces "{missing}" not found' in state["message"]
    assert (state["phase"], state["retryCount"]) == ("Running", 1)
    assert [item["status"] for item in state["syncResult"]["resources"]] == ["SyncFailed"]
    assert tenant.verdict(key) == ("OutOfSync", "Missing")

    tenant.plane.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": missing}})
    tenant.let_pass(11)
    tenant.reconcile(key)

    assert tenant.verdict(key) == ("Synced", "Healthy")
    assert tenant.status(key)["operationState"]["phase"] == "Succeeded"


def test_a_missing_namespace_is_created_where_that_is_asked_for_and_never_removed(tenant: Tenant) -> None:
    missing = f"{tenant.repo}-missing"
    application = tenant.application(
        destination={"name": "in-cluster", "namespace": missing},
        syncPolicy={"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]},
    )
    application["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io/background"]
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in RED.items()})
    key = tenant.create(application)

    tenant.reconcile(key)
    namespace = tenant.plane.api.get(f"/api/v1/namespaces/{missing}")
    assert tenant.verdict(key) == ("Synced", "Healthy")
    assert "annotations" not in namespace["metadata"]
    assert [item["kind"] for item in tenant.status(key)["resources"]] == ["ConfigMap"]
    results = tenant.status(key)["operationState"]["syncResult"]["resources"]
    assert {item["kind"]: item["syncPhase"] for item in results} == {"Namespace": "PreSync", "ConfigMap": "Sync"}

    tenant.plane.api.delete(tenant.app_path(key))
    tenant.reconcile(key)
    tenant.reconcile(key)
    assert tenant.plane.api.find(tenant.app_path(key)) is None
    assert "deletionTimestamp" not in tenant.plane.api.get(f"/api/v1/namespaces/{missing}")["metadata"]


def test_an_object_that_the_server_refuses_stops_nobody_beside_it(tenant: Tenant) -> None:
    bad = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata: {not a key: x}\n"
    key = tenant.deploy({**RED, "two.yaml": bad})

    state = tenant.status(key)["operationState"]
    assert {item["name"]: item["status"] for item in state["syncResult"]["resources"]} == {
        "one": "Synced",
        "two": "SyncFailed",
    }
    assert (tenant.verdict(key)[0], tenant.data("one")) == ("OutOfSync", {"color": "red"})
    tenant.push({"two.yaml": a_config_map("two", color="blue")})
    _until_settled(tenant, key)
    assert (tenant.verdict(key), tenant.data("two")) == (("Synced", "Healthy"), {"color": "blue"})


def test_a_field_that_the_kind_does_not_have_is_refused(tenant: Tenant) -> None:
    key = tenant.deploy({"one.yaml": a_config_map("one") + "colour: red\n"})

    assert "colour" in tenant.status(key)["operationState"]["message"]
    assert tenant.data("one") is None


def _until_synced(tenant: Tenant, key: AppKey) -> None:
    """Passes until the API server serves a kind that is new to it."""
    wait_for(lambda: tenant.reconcile(key).sync == "Synced", "the new kind", timeout_s=20, every_s=0.3)
    assert tenant.verdict(key) == ("Synced", "Healthy")


def _until_settled(tenant: Tenant, key: AppKey) -> None:
    """Passes over a failing operation until its retries are used up and the newest commit has its turn."""
    for _ in range(10):
        tenant.let_pass(400)
        tenant.reconcile(key)
        if tenant.verdict(key) == ("Synced", "Healthy"):
            return
