"""Others write to the Application while a pass is under way: nothing of theirs is lost, and ours is decided again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from reconciler.apply import Recorder
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.services import utc_now
from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}
TWO = {"two.yaml": a_config_map("two", color="red")}
STAMP = "argocd.argoproj.io/refresh-timestamp"


class Interrupted(Recorder):
    """Lets somebody else write, once, between what the pass read and what it records."""

    def __init__(self, tenant: Tenant, somebody: Callable[[], object]) -> None:
        super().__init__(tenant.services.readers.control, utc_now)
        self._somebody: Callable[[], object] | None = somebody

    def patch_application(self, key: AppKey, patch: Sequence[JsonObject]) -> LiveObject:
        somebody, self._somebody = self._somebody, None
        if somebody:
            somebody()
        return super().patch_application(key, patch)


def while_passing(tenant: Tenant, key: AppKey, somebody: Callable[[], object]) -> str:
    """One pass in whose middle somebody else acts; its verdict."""
    services = tenant.services
    tenant.services = replace(services, recorder=Interrupted(tenant, somebody))
    try:
        return tenant.reconcile(key).verdict
    finally:
        tenant.services = services


def settle(tenant: Tenant, key: AppKey) -> None:
    for _ in range(3):
        tenant.reconcile(key)


def test_a_sync_asked_for_meanwhile_is_done_next(tenant: Tenant) -> None:
    key = tenant.deploy(RED, syncPolicy={"automated": {}})
    tenant.push({**BLUE, **TWO})
    asked = {"operation": {"initiatedBy": {"username": "ada"}, "sync": {"prune": True}}}

    while_passing(tenant, key, lambda: tenant.patch(key, asked))
    assert tenant.read(key)["operation"] == asked["operation"]
    settle(tenant, key)

    app = tenant.read(key)
    assert (tenant.verdict(key), "operation" in app) == (("Synced", "Healthy"), False)
    assert app["status"]["history"][-1]["initiatedBy"] == {"username": "ada"}


def test_an_operation_terminated_meanwhile_stays_terminated(tenant: Tenant) -> None:
    broken = {"one.yaml": a_config_map("one") + "data: {not a key: x}\n"}
    key = tenant.deploy(broken, syncPolicy={"automated": {}, "retry": {"limit": -1}})
    tenant.let_pass(60)

    while_passing(tenant, key, lambda: tenant.patch(key, {"status": {"operationState": {"phase": "Terminating"}}}))
    tenant.reconcile(key)

    state = tenant.status(key)["operationState"]
    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")


def test_pruning_waits_where_the_operation_changed_hands(tenant: Tenant) -> None:
    key = tenant.deploy({**RED, **TWO})
    log = tenant.audit()
    tenant.push({"two.yaml": None})
    asked = {"operation": {"sync": {"revision": tenant.status(key)["sync"]["revision"]}}}

    assert while_passing(tenant, key, lambda: tenant.patch(key, asked)) == "skipped"

    assert (tenant.sent(log), tenant.data("two")) == ([], {"color": "red"})


def test_an_edit_of_the_spec_meanwhile_is_kept_and_followed_next(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    tenant.push(BLUE)
    tenant.push({"three.yaml": a_config_map("three")}, to="other")

    while_passing(tenant, key, lambda: tenant.patch(key, {"spec": {"source": {"path": "other"}}}))
    tenant.reconcile(key)

    assert tenant.read(key)["spec"]["source"]["path"] == "other"
    assert (tenant.verdict(key), tenant.data("one"), tenant.data("three")) == (("Synced", "Healthy"), None, {})


def test_a_pass_says_nothing_about_another_application_of_the_same_name(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    tenant.push(BLUE)

    def replaced() -> None:
        tenant.plane.api.delete(tenant.app_path(key))
        tenant.create(tenant.application(path="other", syncPolicy={}))

    while_passing(tenant, key, replaced)

    assert "status" not in tenant.read(key)


def test_an_application_deleted_meanwhile_is_let_go(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    tenant.push(BLUE)

    while_passing(tenant, key, lambda: tenant.plane.api.delete(tenant.app_path(key)))

    assert tenant.reconcile(key).verdict == "gone"


def test_an_application_told_to_go_meanwhile_takes_everything_with_it(tenant: Tenant) -> None:
    application = tenant.application()
    application["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io/background"]
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in RED.items()})
    key = tenant.create(application)
    tenant.reconcile(key)
    tenant.push(TWO)

    while_passing(tenant, key, lambda: tenant.plane.api.delete(tenant.app_path(key)))
    settle(tenant, key)

    assert tenant.plane.api.find(tenant.app_path(key)) is None
    assert (tenant.data("one"), tenant.data("two")) == (None, None)


@pytest.mark.parametrize("stamped", [True, False])
def test_a_refresh_is_answered_and_a_newer_request_survives(tenant: Tenant, stamped: bool) -> None:
    key = tenant.deploy(RED)
    stamps = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z") if stamped else (None, "2026-01-01T00:00:01Z")
    tenant.git.commit(tenant.repo, {"web/one.yaml": BLUE["one.yaml"]})
    tenant.annotate(key, refresh="normal", refresh_timestamp=stamps[0])

    while_passing(tenant, key, lambda: tenant.annotate(key, refresh="hard", refresh_timestamp=stamps[1]))

    assert tenant.data("one") == {"color": "blue"}, "a refresh looks at Git by itself"
    assert tenant.read(key)["metadata"]["annotations"]["argocd.argoproj.io/refresh"] == "hard"
    tenant.reconcile(key)
    assert "argocd.argoproj.io/refresh" not in tenant.read(key)["metadata"].get("annotations", {})


def test_an_object_that_somebody_changes_meanwhile_is_read_again(tenant: Tenant) -> None:
    """Two writers of one object: ours is tied to what was read, so it never overwrites unseen what came between."""
    key = tenant.deploy(RED)
    tenant.push(BLUE)

    while_passing(tenant, key, lambda: tenant.by_hand("one", {"data": {"color": "green"}}))
    tenant.reconcile(key)
    tenant.let_pass(5)
    tenant.reconcile(key)

    assert (tenant.verdict(key), tenant.data("one")) == (("Synced", "Healthy"), {"color": "blue"})
