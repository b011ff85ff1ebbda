"""What argocd-cm says of kinds, in whole passes: real scripts in a real renderer, on a real API server."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.flow.tenancy import Tenant, a_config_map

RED = {"one.yaml": a_config_map("one", color="red")}
LABEL = "app.kubernetes.io/instance"
HEALTH = "resource.customizations.health.ConfigMap"


@pytest.fixture(autouse=True)
def _settings_are_taken_back(tenant: Tenant) -> Iterator[None]:
    yield
    tenant.settings({})


def test_what_a_jq_expression_names_is_left_to_others(tenant: Tenant) -> None:
    rule = {"kind": "ConfigMap", "jqPathExpressions": ['.data | to_entries[] | select(.key == "color")', ".data.color"]}
    key = tenant.deploy(RED, ignoreDifferences=[rule])
    tenant.by_hand("one", {"data": {"color": "green"}})
    tenant.reconcile(key)
    assert (tenant.verdict(key)[0], tenant.data("one")) == ("Synced", {"color": "green"})
    tenant.edit(key, ignoreDifferences=[])
    assert (tenant.verdict(key)[0], tenant.data("one")) == ("Synced", {"color": "red"})


@pytest.mark.parametrize("expression", ["last(repeat(.data))", ".data["])
def test_an_expression_that_cannot_be_worked_out_is_named_and_nothing_is_written(
    tenant: Tenant, expression: str
) -> None:
    key = tenant.deploy(RED, ignoreDifferences=[{"kind": "ConfigMap", "jqPathExpressions": [expression]}])
    log = tenant.audit()
    tenant.by_hand("one", {"data": {"color": "green"}})
    tenant.push({"one.yaml": a_config_map("one", color="blue")})
    tenant.reconcile(key)
    assert expression in tenant.conditions(key)["ComparisonError"]
    assert (tenant.verdict(key)[0], tenant.sent(log)) == ("Unknown", [])


def test_health_is_judged_by_the_script_of_the_settings(tenant: Tenant) -> None:
    script = 'if obj.data.color == "red" then return {status = "Degraded", message = "red"} end'
    tenant.settings({HEALTH: script})
    key = tenant.deploy(RED)
    assert tenant.verdict(key) == ("Synced", "Degraded")
    (entry,) = tenant.status(key)["resources"]
    assert entry["health"] == {"status": "Degraded", "message": "red"}
    tenant.push({"one.yaml": a_config_map("one", color="blue")})
    tenant.reconcile(key)
    assert tenant.verdict(key) == ("Synced", "Healthy")


def test_a_health_script_that_never_ends_costs_a_second_and_says_so(tenant: Tenant) -> None:
    tenant.settings({HEALTH: "while true do end"})
    begun = time.monotonic()
    key = tenant.deploy({f"{number}.yaml": a_config_map(f"map-{number}", color="red") for number in range(20)})
    assert time.monotonic() - begun < 20
    assert tenant.verdict(key) == ("Synced", "Unknown")
    messages = {entry["health"]["message"] for entry in tenant.status(key)["resources"]}
    assert all("did not end" in message for message in messages)
    assert tenant.data("map-7") == {"color": "red"}


def test_by_label_objects_are_marked_found_and_pruned(tenant: Tenant) -> None:
    tenant.settings({"application.resourceTrackingMethod": "label"})
    key = tenant.deploy({**RED, "two.yaml": a_config_map("two")}, syncPolicy={"automated": {"prune": True}})
    found = tenant.config_map("two")
    assert found is not None
    assert (found["metadata"]["labels"], found["metadata"].get("annotations")) == ({LABEL: key.name}, None)
    tenant.push({"two.yaml": None})
    tenant.reconcile(key)
    assert (tenant.data("two"), tenant.data("one")) == (None, {"color": "red"})


def test_objects_of_another_installation_are_not_ours(tenant: Tenant) -> None:
    tenant.settings({"installationID": "one"})
    key = tenant.deploy({**RED, "two.yaml": a_config_map("two")}, syncPolicy={"automated": {"prune": True}})
    tenant.by_hand("two", {"metadata": {"annotations": {"argocd.argoproj.io/installation-id": "two"}}})
    tenant.push({"two.yaml": None})
    tenant.reconcile(key)
    assert (tenant.verdict(key)[0], tenant.data("two")) == ("Synced", {})


def test_objects_of_excluded_kinds_are_neither_written_nor_removed(tenant: Tenant) -> None:
    key = tenant.deploy(RED, syncPolicy={"automated": {"prune": True, "allowEmpty": True}})
    tenant.settings({"resource.exclusions": "- kinds: [ConfigMap]"})
    log = tenant.audit()
    tenant.push({"one.yaml": a_config_map("one", color="blue")})
    tenant.reconcile(key)
    assert "/ConfigMap one is excluded in the settings" in tenant.conditions(key)["ExcludedResourceWarning"]
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})


def test_settings_that_cannot_be_read_are_named_and_nothing_is_written(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    tenant.settings({"resource.customizations": "- a list"})
    log = tenant.audit()
    tenant.push({"one.yaml": a_config_map("one", color="blue")})
    tenant.reconcile(key)
    assert "setting resource.customizations" in tenant.conditions(key)["InvalidSpecError"]
    assert (tenant.verdict(key)[0], tenant.sent(log)) == ("Unknown", [])
