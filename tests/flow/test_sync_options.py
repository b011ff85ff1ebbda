"""Sync options against a real API server: what is replaced, what is deleted by force, and what never is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.tenancy import Tenant, a_config_map

OPTIONS = "argocd.argoproj.io/sync-options"
FIXED = "immutable: true\n"
ONCE = {"automated": {}, "retry": {"limit": 0}}


def a_fixed_map(color: str, options: str = "") -> dict[str, str]:
    """A ConfigMap whose data no server lets anybody change."""
    marks = {OPTIONS: options} if options else {}
    return {"one.yaml": a_config_map("one", annotations=marks, color=color) + FIXED}


def uid(tenant: Tenant) -> str:
    return str(tenant.plane.api.get(one(tenant))["metadata"]["uid"])


def one(tenant: Tenant) -> str:
    return f"/api/v1/namespaces/{tenant.target_namespace}/configmaps/one"


def events(tenant: Tenant) -> list[Any]:
    return list(tenant.plane.api.get(f"/api/v1/namespaces/{tenant.control_namespace}/events")["items"])


def finish(tenant: Tenant, key: Any) -> None:
    """Passes until the operation is over."""
    for _ in range(6):
        tenant.reconcile(key)
        if tenant.state(key)["phase"] != "Running":
            return


def test_what_cannot_be_changed_in_place_is_created_anew_where_its_own_option_says_force(tenant: Tenant) -> None:
    key = tenant.deploy(a_fixed_map("red", "Force=true"))
    before, log = uid(tenant), tenant.audit()

    tenant.push(a_fixed_map("blue", "Force=true"))
    finish(tenant, key)

    assert tenant.verdict(key)[0] == "Synced"
    assert tenant.data("one") == {"color": "blue"}
    assert uid(tenant) != before
    (deletion,) = [event for event in tenant.sent(log) if event.verb == "delete"]
    assert deletion.name == "one"
    told = [event["message"] for event in events(tenant) if event["reason"] == "ResourceDeleted"]
    assert any(before in message and "by force" in message for message in told)


@pytest.mark.parametrize(
    ("sync", "said"),
    [
        ({}, "immutable"),
        ({"syncStrategy": {"hook": {"force": True}}}, "the operation forces everything and names nothing"),
    ],
)
def test_without_its_name_nothing_is_deleted_by_force(tenant: Tenant, sync: Any, said: str) -> None:
    key = tenant.deploy(a_fixed_map("red"), syncPolicy=None)
    tenant.ask(key)
    finish(tenant, key)
    before = uid(tenant)

    tenant.push(a_fixed_map("blue"))
    tenant.ask(key, **sync)
    finish(tenant, key)

    assert tenant.state(key)["phase"] == "Failed"
    assert said in tenant.results(key)["one"][1]
    assert (uid(tenant), tenant.data("one")) == (before, {"color": "red"})


def test_an_operation_that_forces_and_names_an_object_creates_it_anew(tenant: Tenant) -> None:
    key = tenant.deploy(a_fixed_map("red"))
    before = uid(tenant)
    tenant.edit(key, syncPolicy=None)
    tenant.push(a_fixed_map("blue"))
    tenant.ask(key, syncStrategy={"hook": {"force": True}}, resources=[{"kind": "ConfigMap", "name": "one"}])
    finish(tenant, key)

    assert (tenant.state(key)["phase"], tenant.data("one")) == ("Succeeded", {"color": "blue"})
    assert uid(tenant) != before


def test_an_object_that_has_to_go_first_is_waited_for_over_passes(tenant: Tenant) -> None:
    key = tenant.deploy(a_fixed_map("red", "Force=true"))
    before = uid(tenant)
    tenant.by_hand("one", {"metadata": {"finalizers": ["example.com/held"]}})
    tenant.push(a_fixed_map("blue", "Force=true"))

    for _ in range(3):
        result = tenant.reconcile(key)
    assert tenant.state(key)["phase"] == "Running"
    assert "waiting for ConfigMap/" in result.why
    assert uid(tenant) == before

    tenant.by_hand("one", {"metadata": {"finalizers": None}})
    finish(tenant, key)
    assert (tenant.state(key)["phase"], tenant.data("one")) == ("Succeeded", {"color": "blue"})


def test_somebody_elses_object_is_not_deleted_by_force(tenant: Tenant) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "immutable": True, "data": {"color": "theirs"}}
    name = {"name": "one", "namespace": tenant.target_namespace}
    tenant.plane.api.create({**body, "metadata": name})
    before = uid(tenant)
    key = tenant.deploy(a_fixed_map("red", "Force=true"))
    finish(tenant, key)

    assert (uid(tenant), tenant.data("one")) == (before, {"color": "theirs"})
    assert "it carries no tracking mark" in tenant.results(key)["one"][1]


def test_a_replaced_object_keeps_nothing_that_its_manifest_does_not_name(tenant: Tenant) -> None:
    def files(color: str, options: str) -> dict[str, str]:
        return {"one.yaml": a_config_map("one", annotations={OPTIONS: options}, color=color)}

    key = tenant.deploy(files("red", ""))
    tenant.by_hand("one", {"data": {"extra": "mine"}})
    tenant.push(files("green", ""))
    finish(tenant, key)
    assert tenant.data("one") == {"color": "green", "extra": "mine"}
    before, log = uid(tenant), tenant.audit()

    tenant.push(files("blue", "Replace=true"))
    finish(tenant, key)

    assert tenant.data("one") == {"color": "blue"}
    assert uid(tenant) == before
    assert {event.verb for event in tenant.sent(log) if event.resource == "configmaps"} == {"update"}
    assert tenant.results(key)["one"] == ("Synced", "configmap/one replaced")
    log = tenant.audit()
    tenant.reconcile(key)
    assert (tenant.verdict(key)[0], tenant.sent(log)) == ("Synced", [])


def test_an_object_whose_kind_is_missing_keeps_the_others_from_being_written_unless_it_says_so(tenant: Tenant) -> None:
    def widget(options: str) -> str:
        marks = f"  annotations: {{{OPTIONS}: {options}}}\n" if options else ""
        return f"apiVersion: nowhere.example/v1\nkind: Widget\nmetadata:\n  name: w\n{marks}"

    key = tenant.deploy({"one.yaml": a_config_map("one", color="red"), "w.yaml": widget("")})
    assert tenant.data("one") is None

    tenant.push({"w.yaml": widget("SkipDryRunOnMissingResource=true")})
    tenant.reconcile(key)

    assert tenant.data("one") == {"color": "red"}
    assert tenant.results(key)["w"][0] == "SyncFailed"
    assert "does not serve" in tenant.results(key)["w"][1]


def test_unknown_fields_pass_without_validation(tenant: Tenant) -> None:
    def files(options: str) -> dict[str, str]:
        marks = {OPTIONS: options} if options else {}
        return {"one.yaml": a_config_map("one", annotations=marks, color="red") + "colour: blue\n"}

    key = tenant.deploy(files(""), syncPolicy=ONCE)
    assert 'unknown field "colour"' in tenant.results(key)["one"][1]
    assert tenant.data("one") is None

    tenant.push(files("Validate=false"))
    finish(tenant, key)

    assert (tenant.verdict(key)[0], tenant.data("one")) == ("Synced", {"color": "red"})
    log = tenant.audit()
    tenant.reconcile(key)
    assert (tenant.verdict(key)[0], tenant.sent(log)) == ("Synced", [])


def test_where_the_third_of_five_objects_is_invalid_none_is_written(tenant: Tenant) -> None:
    files = {f"{name}.yaml": a_config_map(name, color="red") for name in ("a", "b", "d", "e")}
    log = tenant.audit()
    key = tenant.deploy({**files, "c.yaml": a_config_map("c", color="red") + "colour: blue\n"}, syncPolicy=ONCE)

    assert tenant.sent(log) == []
    assert tenant.state(key)["message"].startswith(
        "one or more synchronization tasks are not valid: ConfigMap c is inv"
    )
    assert tenant.results(key)["c"] == ("SyncFailed", 'ConfigMap c is invalid: unknown field "colour"')

    tenant.push({"c.yaml": a_config_map("c", color="red")})
    finish(tenant, key)
    assert tenant.verdict(key)[0] == "Synced"
