"""Syncs that nobody asks for: of new commits, of drift, of objects that others want too."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map

RED = {"one.yaml": a_config_map("one", color="red")}
BLUE = {"one.yaml": a_config_map("one", color="blue")}
TWO = {"two.yaml": a_config_map("two", color="red")}
BROKEN = {"one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata: {not a key: x}\n"}
BY_HAND: JsonObject = {"syncPolicy": {}}
"""No automated sync."""


def test_an_automated_sync_that_failed_is_tried_five_times_more_and_then_never_for_that_commit(tenant: Tenant) -> None:
    log = tenant.audit()
    key = tenant.deploy(BROKEN)
    for _ in range(8):
        tenant.let_pass(400)
        tenant.reconcile(key)

    assert len(tenant.sent(log)) == 6
    assert tenant.state(key)["phase"] == "Failed"
    assert tenant.conditions(key)["SyncError"].startswith("Failed last sync attempt to [")
    tenant.push(BLUE)
    tenant.reconcile(key)
    assert (tenant.verdict(key), tenant.conditions(key)) == (("Synced", "Healthy"), {})


def test_a_commit_that_would_leave_nothing_is_followed_only_where_that_is_allowed(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    log = tenant.audit()
    tenant.push({"one.yaml": None, "notes.txt": "nothing here"})

    tenant.reconcile(key)

    assert "auto-sync will wipe out all resources" in tenant.conditions(key)["SyncError"]
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})
    tenant.edit(key, syncPolicy={"automated": {"prune": True, "allowEmpty": True}})
    assert (tenant.data("one"), tenant.conditions(key)) == (None, {})


def test_what_is_deleted_by_hand_comes_back(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    tenant.remove_by_hand("one")

    tenant.reconcile(key)

    assert (tenant.verdict(key), tenant.data("one")) == (("Synced", "Healthy"), {"color": "red"})
    assert len(tenant.status(key)["history"]) == 1, "a heal is no deployment"


def test_drift_stays_without_self_heal_and_is_shown(tenant: Tenant) -> None:
    key = tenant.deploy(RED, syncPolicy={"automated": {"prune": True}})
    tenant.by_hand("one", {"data": {"color": "green"}})

    tenant.reconcile(key)

    assert (tenant.verdict(key)[0], tenant.data("one")) == ("OutOfSync", {"color": "green"})


def test_heals_of_one_commit_are_spaced(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    tenant.by_hand("one", {"data": {"color": "green"}})
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "red"}
    tenant.by_hand("one", {"data": {"color": "green"}})

    waiting = tenant.reconcile(key)

    assert tenant.data("one") == {"color": "green"}
    assert waiting.next_due_s is not None
    assert 0 < waiting.next_due_s <= 3
    tenant.let_pass(3)
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "red"}


def test_two_applications_that_want_one_object_say_so_and_neither_prunes_the_other_ones(tenant: Tenant) -> None:
    first = tenant.deploy(RED)
    tenant.push({**RED, **TWO}, to="other")
    second = tenant.create(tenant.application(name=f"{tenant.repo}-other", path="other", **BY_HAND))

    tenant.reconcile(second)
    assert (
        f"ConfigMap/one is part of applications {second} and {first.name}"
        in (tenant.conditions(second)["SharedResourceWarning"])
    )
    tenant.ask(second)
    tenant.reconcile(second)
    log = tenant.audit()
    tenant.push({"one.yaml": None, "keep.yaml": a_config_map("keep")})
    tenant.reconcile(first)

    assert [event.name for event in tenant.sent(log) if event.verb == "delete"] == []
    assert tenant.data("one") == {"color": "red"}


def test_an_application_made_again_under_the_same_name_starts_anew(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    tenant.plane.api.delete(tenant.app_path(key))
    tenant.push(BLUE)
    tenant.create(tenant.application())

    tenant.reconcile(key)

    assert (tenant.verdict(key), tenant.data("one")) == (("Synced", "Healthy"), {"color": "blue"})
    assert [item["id"] for item in tenant.status(key)["history"]] == [0]


def test_an_application_whose_repository_nobody_followed_for_a_while_gets_the_newest_commit(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    tenant.plane.api.delete(tenant.app_path(key))
    assert tenant.reconcile(key).verdict == "gone"
    tenant.push(BLUE)
    tenant.create(tenant.application())

    tenant.reconcile(key)

    assert tenant.data("one") == {"color": "blue"}
