"""What this version does not honour: an Application that asks for it is compared, told why, and never written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.models.honoured import TABLE
from reconciler.models.honoured.row import Place, Row
from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}
BLOCKED = [row for row in TABLE if row.blocks]


def rows(place: Place) -> list[Row]:
    """Everything of this place that this version does not honour."""
    return [row for row in BLOCKED if row.place == place]


def names(found: list[Row]) -> list[str]:
    return [row.name for row in found]


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
    tenant.patch(key, {"operation": {"sync": {"syncOptions": ["Of=tomorrow"]}}})

    tenant.reconcile(key)

    state = tenant.status(key)["operationState"]
    assert (state["phase"], "operation" in tenant.read(key)) == ("Error", False)
    assert "sync option Of=tomorrow is not honoured" in state["message"]
    assert tenant.sent(log) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("globalProjects", "- labelSelector: {}\n"),
        ("resource.exclusions", "{"),
    ],
)
def test_a_setting_of_the_installation_that_cannot_be_read_keeps_its_applications_from_being_written(
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
    tenant.project(signatureKeys=[{"keyID": "4AEE18F83AFDEB23"}])
    tenant.push(BLUE)

    tenant.reconcile(key)

    assert "AppProject spec.signatureKeys" in tenant.conditions(key)["InvalidSpecError"]
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})
