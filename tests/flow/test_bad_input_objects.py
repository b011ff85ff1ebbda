"""Objects that cannot be applied as they are written: told, and never half done by surprise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from reconciler.models.honoured import TABLE
from reconciler.models.honoured.row import Place, Row
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.sandbox.waiting import wait_for
from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}
BLOCKED = [row for row in TABLE if row.blocks]


def rows(place: Place) -> list[Row]:
    """Everything of this place that this version does not honour."""
    return [row for row in BLOCKED if row.place == place]


def names(found: list[Row]) -> list[str]:
    return [row.name for row in found]


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
    bad = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata: [1]\n"
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


# what is not honoured

MARKS = {"argocd.argoproj.io/sync-wave": "1", "helm.sh/hook-weight": "1", "helm.sh/hook": "pre-install"}
HOOKS = ("PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete")


def unheeded() -> Iterator[tuple[str, str]]:
    """Annotation and value of everything that an object may ask for in vain."""
    for row in rows("object annotation"):
        if row.name == "argocd.argoproj.io/hook":
            yield from ((row.name, hook) for hook in HOOKS)
        else:
            yield row.name, MARKS.get(row.name, "x")
    for row in rows("object sync option"):
        yield "argocd.argoproj.io/sync-options", row.name
    for row in rows("compare option"):
        yield "argocd.argoproj.io/compare-options", row.name
    yield "argocd.argoproj.io/something-new", "true"
    yield "argocd.argoproj.io/sync-options", "Prune=false, SomethingNew=true"


@pytest.mark.parametrize(("name", "value"), list(unheeded()))
def test_an_object_that_asks_for_what_is_not_honoured_keeps_its_application_from_being_written(
    tenant: Tenant, name: str, value: str
) -> None:
    key = tenant.deploy(RED)
    log = tenant.audit()
    tenant.push({**BLUE, "two.yaml": a_config_map("two", annotations={name: value})})

    tenant.reconcile(key)

    told = tenant.conditions(key)["InvalidSpecError"]
    assert "ConfigMap" in told
    assert value.rpartition(", ")[2] in told
    assert tenant.verdict(key)[0] == "OutOfSync"
    assert [event for event in tenant.tried(log) if event.namespace == tenant.target_namespace] == []
    assert tenant.data("one") == {"color": "red"}
    tenant.push({"two.yaml": None})
    tenant.reconcile(key)
    assert (tenant.conditions(key), tenant.data("one")) == ({}, {"color": "blue"})


@pytest.mark.parametrize("option", [*names(rows("Application sync option")), "SomethingNew=true"])
def test_an_application_with_an_option_that_is_not_honoured_is_compared_and_not_written(
    tenant: Tenant, option: str
) -> None:
    key = tenant.deploy(RED)
    log = tenant.audit()
    tenant.push(BLUE)

    tenant.edit(key, syncPolicy={"syncOptions": ["Prune=false", option]})

    assert option in tenant.conditions(key)["InvalidSpecError"]
    assert tenant.verdict(key)[0] == "OutOfSync"
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})
    tenant.edit(key, syncPolicy={"syncOptions": None})
    assert (tenant.conditions(key), tenant.data("one")) == ({}, {"color": "blue"})


FIELDS: dict[str, JsonObject] = {
    "spec.sourceHydrator.syncSource": {
        "sourceHydrator": {
            "drySource": {"repoURL": "https://git.example/x.git", "path": "web", "targetRevision": "main"},
            "syncSource": {"targetBranch": "env", "path": "web"},
        }
    },
    "spec.ignoreDifferences.jqPathExpressions": {
        "ignoreDifferences": [{"kind": "ConfigMap", "jqPathExpressions": [".data"]}]
    },
    "spec.ignoreDifferences.managedFieldsManagers": {
        "ignoreDifferences": [{"kind": "ConfigMap", "managedFieldsManagers": ["helm"]}]
    },
    "spec.syncPolicy.somethingNew": {"syncPolicy": {"somethingNew": True}},
}


@pytest.mark.parametrize("field", FIELDS)
def test_an_application_with_a_field_that_is_not_honoured_is_compared_and_not_written(
    tenant: Tenant, field: str
) -> None:
    key = tenant.deploy(RED)
    log, before = tenant.audit(), tenant.read(key)["spec"]
    tenant.push(BLUE)

    tenant.edit(key, **FIELDS[field])

    assert field in tenant.conditions(key)["InvalidSpecError"]
    assert tenant.verdict(key)[0] == "OutOfSync"
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})
    tenant.edit(key, **{name: before.get(name) for name in FIELDS[field]} | {"syncPolicy": {"somethingNew": None}})
    assert (tenant.conditions(key), tenant.data("one")) == ({}, {"color": "blue"})


def test_an_operation_that_asks_for_what_is_not_honoured_ends_with_the_reason_and_writes_nothing(
    tenant: Tenant,
) -> None:
    key = tenant.deploy(RED, syncPolicy={})
    log = tenant.audit()
    tenant.patch(key, {"operation": {"sync": {"syncStrategy": {"apply": {"force": True}}}}})

    tenant.reconcile(key)

    state = tenant.status(key)["operationState"]
    assert (state["phase"], "operation" in tenant.read(key)) == ("Error", False)
    assert "operation.sync.syncStrategy.apply.force is not honoured" in state["message"]
    assert tenant.sent(log) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("application.resourceTrackingMethod", "label"),
        ("resource.exclusions", "- apiGroups: ['']\n  kinds: [ConfigMap]\n"),
        ("resource.customizations.ignoreDifferences.ConfigMap", "jsonPointers: [/data]\n"),
        ("installationID", "mine"),
    ],
)
def test_a_setting_of_the_installation_that_is_not_honoured_keeps_its_applications_from_being_written(
    tenant: Tenant, setting: str, value: str
) -> None:
    key = tenant.deploy(RED)
    log = tenant.audit()
    tenant.push(BLUE)
    try:
        tenant.settings({setting: value})
        tenant.reconcile(key)
        assert setting in tenant.conditions(key)["InvalidSpecError"]
        assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})
    finally:
        tenant.settings({})
    tenant.reconcile(key)
    assert (tenant.conditions(key), tenant.data("one")) == ({}, {"color": "blue"})


def test_rules_of_a_project_that_are_not_enforced_keep_its_applications_from_being_written(tenant: Tenant) -> None:
    key = tenant.deploy(RED, project=tenant.project())
    log = tenant.audit()
    tenant.project(syncWindows=[{"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]}])
    tenant.push(BLUE)

    tenant.reconcile(key)

    assert "AppProject spec.syncWindows" in tenant.conditions(key)["InvalidSpecError"]
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})


def test_a_finalizer_for_deletion_hooks_keeps_a_deleted_application_and_its_objects(tenant: Tenant) -> None:
    application = tenant.application()
    application["metadata"]["finalizers"] = [
        "resources-finalizer.argocd.argoproj.io",
        "post-delete-finalizer.argocd.argoproj.io",
    ]
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in RED.items()})
    key = tenant.create(application)
    tenant.reconcile(key)
    tenant.plane.api.delete(tenant.app_path(key))
    log = tenant.audit()

    tenant.reconcile(key)

    assert "post-delete-finalizer" in " ".join(tenant.conditions(key).values())
    assert tenant.sent(log) == []
    assert tenant.read(key)["metadata"]["finalizers"] == application["metadata"]["finalizers"]
