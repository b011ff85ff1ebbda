"""Operations as people and Argo CD's tools ask for them, from `.operation` to the end of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}
TWO = {"two.yaml": a_config_map("two", color="red")}
BROKEN = {"one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata: [1]\n"}
BY_HAND: JsonObject = {"syncPolicy": {}}
"""No automated sync."""


def ask(tenant: Tenant, key: AppKey, **sync: object) -> None:
    """Asks for a sync as a client does, with retry settings beside it on request."""
    retry = {"retry": sync.pop("retry")} if "retry" in sync else {}
    tenant.patch(key, {"operation": {"initiatedBy": {"username": "ada"}, "sync": sync, **retry}})


def state(tenant: Tenant, key: AppKey) -> JsonObject:
    found: JsonObject = tenant.status(key)["operationState"]
    return found


def results(tenant: Tenant, key: AppKey) -> dict[str, tuple[str, str]]:
    """Status and message of each object in the operation's result, by name."""
    listed = state(tenant, key)["syncResult"]["resources"]
    return {item["name"]: (item["status"], item["message"]) for item in listed}


def approve(tenant: Tenant, key: AppKey, *, later_s: float = 0) -> None:
    """Approves deletions at the time of the tenant's clock."""
    at = tenant.services.readers.clock() + timedelta(seconds=later_s)
    tenant.annotate(key, deletion_approved=at.strftime("%Y-%m-%dT%H:%M:%SZ"))


# asked for


def test_a_sync_that_somebody_asked_for_runs_once_and_its_request_is_removed(tenant: Tenant) -> None:
    key = tenant.deploy({**RED, **TWO}, **BY_HAND)
    assert (tenant.verdict(key), tenant.data("one")) == (("OutOfSync", "Missing"), None)
    ask(tenant, key)

    tenant.reconcile(key)

    app = tenant.read(key)
    assert (tenant.verdict(key), "operation" in app) == (("Synced", "Healthy"), False)
    assert state(tenant, key)["phase"] == "Succeeded"
    assert [item["initiatedBy"] for item in app["status"]["history"]] == [{"username": "ada"}]
    assert tenant.reconcile(key).objects == ()


def test_without_prune_a_sync_leaves_what_git_dropped_and_with_prune_it_goes(tenant: Tenant) -> None:
    key = tenant.deploy({**RED, **TWO}, **BY_HAND)
    ask(tenant, key)
    tenant.reconcile(key)
    tenant.push({"two.yaml": None})
    ask(tenant, key)

    tenant.reconcile(key)

    assert results(tenant, key)["two"] == ("PruneSkipped", "ignored (requires pruning)")
    assert (tenant.verdict(key)[0], tenant.data("two")) == ("OutOfSync", {"color": "red"})
    resource = next(item for item in tenant.status(key)["resources"] if item["name"] == "two")
    assert (resource["status"], resource["requiresPruning"]) == ("OutOfSync", True)
    ask(tenant, key, prune=True)
    tenant.reconcile(key)
    assert (tenant.verdict(key)[0], tenant.data("two"), results(tenant, key)["two"][0]) == ("Synced", None, "Pruned")


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tenant: Tenant) -> None:
    key = tenant.deploy(RED, **BY_HAND)
    log = tenant.audit()
    ask(tenant, key, dryRun=True, prune=True)

    tenant.reconcile(key)

    assert state(tenant, key)["phase"] == "Succeeded"
    assert results(tenant, key)["one"] == ("Synced", "configmap/one created (dry run)")
    assert (tenant.sent(log), "history" in tenant.status(key), tenant.verdict(key)[0]) == ([], False, "OutOfSync")


def test_a_partial_sync_writes_what_it_names_and_enters_no_history(tenant: Tenant) -> None:
    key = tenant.deploy({**RED, **TWO}, **BY_HAND)
    ask(tenant, key, resources=[{"kind": "ConfigMap", "name": "two"}])

    tenant.reconcile(key)

    assert (tenant.data("one"), tenant.data("two")) == (None, {"color": "red"})
    assert (tenant.verdict(key)[0], "history" in tenant.status(key)) == ("OutOfSync", False)


def test_a_sync_to_an_older_commit_goes_there_and_the_verdict_stays_about_the_spec(tenant: Tenant) -> None:
    key = tenant.deploy(RED, **BY_HAND)
    ask(tenant, key)
    tenant.reconcile(key)
    older = tenant.status(key)["history"][0]["revision"]
    newer = tenant.push(BLUE)
    ask(tenant, key)
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "blue"}
    ask(tenant, key, revision=older)

    tenant.reconcile(key)
    tenant.reconcile(key)

    assert tenant.data("one") == {"color": "red"}
    assert tenant.verdict(key)[0] == "OutOfSync"
    assert tenant.status(key)["sync"]["revision"] == newer
    assert [item["revision"] for item in tenant.status(key)["history"]] == [older, newer, older]


def test_an_operation_that_is_terminated_ends_and_writes_nothing_more(tenant: Tenant) -> None:
    key = tenant.deploy(BROKEN, **BY_HAND)
    ask(tenant, key, retry={"limit": -1})
    tenant.reconcile(key)
    assert state(tenant, key)["phase"] == "Running"
    log = tenant.audit()
    tenant.patch(key, {"status": {"operationState": {"phase": "Terminating"}}})

    tenant.reconcile(key)

    assert (state(tenant, key)["phase"], state(tenant, key)["message"]) == ("Failed", "Operation terminated")
    assert (tenant.sent(log), "operation" in tenant.read(key)) == ([], False)


def test_a_failed_attempt_backs_off_and_ends_when_its_retries_are_used_up(tenant: Tenant) -> None:
    key = tenant.deploy(BROKEN, **BY_HAND)
    log = tenant.audit()
    ask(tenant, key, retry={"limit": 2, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"}})

    waits, counts = [], []
    for _ in range(3):
        result = tenant.reconcile(key)
        waits.append(round(result.next_due_s or 0))
        counts.append(len(tenant.sent(log)))
        assert tenant.reconcile(key).objects == (), "nothing is tried before its time"
        tenant.let_pass(waits[-1] + 1)

    assert [abs(wait - due) <= 1 for wait, due in zip(waits, (10, 20), strict=False)] == [True, True]
    assert counts == [1, 2, 3]
    assert (state(tenant, key)["phase"], state(tenant, key)["retryCount"]) == ("Failed", 2)
    assert "(retried 2 times)" in state(tenant, key)["message"]


def test_a_second_request_waits_for_no_one_once_the_first_is_over(tenant: Tenant) -> None:
    key = tenant.deploy(RED, **BY_HAND)
    ask(tenant, key)
    tenant.reconcile(key)
    tenant.push(BLUE)
    ask(tenant, key)

    tenant.reconcile(key)

    assert (tenant.data("one"), len(tenant.status(key)["history"])) == ({"color": "blue"}, 2)


# automated


def test_an_automated_sync_that_failed_is_tried_five_times_more_and_then_never_for_that_commit(tenant: Tenant) -> None:
    log = tenant.audit()
    key = tenant.deploy(BROKEN)
    for _ in range(8):
        tenant.let_pass(400)
        tenant.reconcile(key)

    assert len(tenant.sent(log)) == 6
    assert state(tenant, key)["phase"] == "Failed"
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


# what may be pruned and deleted


@pytest.mark.parametrize("at", ["object", "application"])
def test_prune_false_keeps_an_object_that_git_dropped(tenant: Tenant, at: str) -> None:
    mark = {"argocd.argoproj.io/sync-options": "Prune=false"} if at == "object" else {}
    options = {"syncOptions": ["Prune=false"]} if at == "application" else {}
    policy = {"automated": {"prune": True, "selfHeal": True}, **options}
    key = tenant.deploy({**RED, "two.yaml": a_config_map("two", annotations=mark)}, syncPolicy=policy)
    log = tenant.audit()
    tenant.push({"two.yaml": None, **BLUE})

    tenant.reconcile(key)

    assert results(tenant, key)["two"] == ("PruneSkipped", "ignored (no prune)")
    assert (tenant.verdict(key)[0], tenant.data("two")) == ("OutOfSync", {})
    tenant.let_pass(60)
    assert tenant.reconcile(key).objects == (), "no heal goes round for what is to stay"
    assert [event.verb for event in tenant.sent(log)] == ["patch"]


def test_prune_confirm_waits_for_an_approval_given_since_the_operation_started(tenant: Tenant) -> None:
    mark = {"argocd.argoproj.io/sync-options": "Prune=confirm"}
    key = tenant.deploy({**RED, "two.yaml": a_config_map("two", annotations=mark)})
    approve(tenant, key, later_s=-60)
    tenant.push({"two.yaml": None, **BLUE})

    for _ in range(2):
        tenant.reconcile(key)
        assert "Waiting for pruning confirmation of v1/ConfigMap/two" in state(tenant, key)["message"]
        assert (tenant.data("one"), tenant.data("two")) == ({"color": "red"}, {})
    approve(tenant, key, later_s=1)
    tenant.reconcile(key)

    assert (tenant.data("one"), tenant.data("two"), state(tenant, key)["phase"]) == (
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
    approve(tenant, key, later_s=1)
    tenant.reconcile(key)
    tenant.reconcile(key)

    assert (tenant.data("one"), tenant.data("two")) == (None, None)
    assert tenant.plane.api.find(tenant.app_path(key)) is None


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


# two parties


def test_two_applications_that_want_one_object_say_so_and_neither_prunes_the_other_ones(tenant: Tenant) -> None:
    first = tenant.deploy(RED)
    tenant.push({**RED, **TWO}, to="other")
    second = tenant.create(tenant.application(name=f"{tenant.repo}-other", path="other", **BY_HAND))

    tenant.reconcile(second)
    assert (
        f"ConfigMap/one is part of applications {second} and {first.name}"
        in (tenant.conditions(second)["SharedResourceWarning"])
    )
    ask(tenant, second)
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
