"""Operations as people and Argo CD's tools ask for them, from `.operation` to the end of it."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map

RED = {"one.yaml": a_config_map("one", color="red")}
BLUE = {"one.yaml": a_config_map("one", color="blue")}
TWO = {"two.yaml": a_config_map("two", color="red")}
BROKEN = {"one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata: {not a key: x}\n"}
BY_HAND: JsonObject = {"syncPolicy": {}}
"""No automated sync."""


def test_a_sync_that_somebody_asked_for_runs_once_and_its_request_is_removed(tenant: Tenant) -> None:
    key = tenant.deploy({**RED, **TWO}, **BY_HAND)
    assert (tenant.verdict(key), tenant.data("one")) == (("OutOfSync", "Missing"), None)
    tenant.ask(key)

    tenant.reconcile(key)

    app = tenant.read(key)
    assert (tenant.verdict(key), "operation" in app) == (("Synced", "Healthy"), False)
    assert tenant.state(key)["phase"] == "Succeeded"
    assert [item["initiatedBy"] for item in app["status"]["history"]] == [{"username": "ada"}]
    assert tenant.reconcile(key).objects == ()


def test_without_prune_a_sync_leaves_what_git_dropped_and_with_prune_it_goes(tenant: Tenant) -> None:
    key = tenant.deploy({**RED, **TWO}, **BY_HAND)
    tenant.ask(key)
    tenant.reconcile(key)
    tenant.push({"two.yaml": None})
    tenant.ask(key)

    tenant.reconcile(key)

    assert tenant.results(key)["two"] == ("PruneSkipped", "ignored (requires pruning)")
    assert (tenant.verdict(key)[0], tenant.data("two")) == ("OutOfSync", {"color": "red"})
    resource = next(item for item in tenant.status(key)["resources"] if item["name"] == "two")
    assert (resource["status"], resource["requiresPruning"]) == ("OutOfSync", True)
    tenant.ask(key, prune=True)
    tenant.reconcile(key)
    assert (tenant.verdict(key)[0], tenant.data("two"), tenant.results(key)["two"][0]) == ("Synced", None, "Pruned")


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tenant: Tenant) -> None:
    key = tenant.deploy(RED, **BY_HAND)
    log = tenant.audit()
    tenant.ask(key, dryRun=True, prune=True)

    tenant.reconcile(key)

    assert tenant.state(key)["phase"] == "Succeeded"
    assert tenant.results(key)["one"] == ("Synced", "configmap/one created (dry run)")
    assert (tenant.sent(log), "history" in tenant.status(key), tenant.verdict(key)[0]) == ([], False, "OutOfSync")


def test_a_partial_sync_writes_what_it_names_and_enters_no_history(tenant: Tenant) -> None:
    key = tenant.deploy({**RED, **TWO}, **BY_HAND)
    tenant.ask(key, resources=[{"kind": "ConfigMap", "name": "two"}])

    tenant.reconcile(key)

    assert (tenant.data("one"), tenant.data("two")) == (None, {"color": "red"})
    assert (tenant.verdict(key)[0], "history" in tenant.status(key)) == ("OutOfSync", False)


def test_a_sync_to_an_older_commit_goes_there_and_the_verdict_stays_about_the_spec(tenant: Tenant) -> None:
    key = tenant.deploy(RED, **BY_HAND)
    tenant.ask(key)
    tenant.reconcile(key)
    older = tenant.status(key)["history"][0]["revision"]
    newer = tenant.push(BLUE)
    tenant.ask(key)
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "blue"}
    tenant.ask(key, revision=older)

    tenant.reconcile(key)
    tenant.reconcile(key)

    assert tenant.data("one") == {"color": "red"}
    assert tenant.verdict(key)[0] == "OutOfSync"
    assert tenant.status(key)["sync"]["revision"] == newer
    assert [item["revision"] for item in tenant.status(key)["history"]] == [older, newer, older]


def test_an_operation_that_is_terminated_ends_and_writes_nothing_more(tenant: Tenant) -> None:
    key = tenant.deploy(BROKEN, **BY_HAND)
    tenant.ask(key, retry={"limit": -1})
    tenant.reconcile(key)
    assert tenant.state(key)["phase"] == "Running"
    log = tenant.audit()
    tenant.patch(key, {"status": {"operationState": {"phase": "Terminating"}}})

    tenant.reconcile(key)

    assert (tenant.state(key)["phase"], tenant.state(key)["message"]) == ("Failed", "Operation terminated")
    assert (tenant.sent(log), "operation" in tenant.read(key)) == ([], False)


def test_a_failed_attempt_backs_off_and_ends_when_its_retries_are_used_up(tenant: Tenant) -> None:
    key = tenant.deploy(BROKEN, **BY_HAND)
    log = tenant.audit()
    tenant.ask(key, retry={"limit": 2, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"}})

    waits, counts = [], []
    for _ in range(3):
        result = tenant.reconcile(key)
        waits.append(round(result.next_due_s or 0))
        counts.append(len(tenant.sent(log)))
        assert tenant.reconcile(key).objects == (), "nothing is tried before its time"
        tenant.let_pass(waits[-1] + 1)

    assert [abs(wait - due) <= 1 for wait, due in zip(waits, (10, 20), strict=False)] == [True, True]
    assert counts == [1, 2, 3]
    assert (tenant.state(key)["phase"], tenant.state(key)["retryCount"]) == ("Failed", 2)
    assert "(retried 2 times)" in tenant.state(key)["message"]


def test_a_second_request_waits_for_no_one_once_the_first_is_over(tenant: Tenant) -> None:
    key = tenant.deploy(RED, **BY_HAND)
    tenant.ask(key)
    tenant.reconcile(key)
    tenant.push(BLUE)
    tenant.ask(key)

    tenant.reconcile(key)

    assert (tenant.data("one"), len(tenant.status(key)["history"])) == ({"color": "blue"}, 2)


def test_an_operation_may_hold_characters_that_the_api_server_escapes(tenant: Tenant) -> None:
    key = tenant.deploy(BROKEN, **BY_HAND)
    info = [{"name": "why", "value": "a < b && c > d \u2028"}]
    tenant.patch(key, {"operation": {"info": info, "sync": {}, "retry": {"limit": 1}}})
    tenant.reconcile(key)
    tenant.let_pass(11)

    tenant.reconcile(key)

    assert (tenant.state(key)["phase"], tenant.state(key)["operation"]["info"]) == ("Failed", info)
