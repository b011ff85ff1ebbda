"""The auto-sync decision, check by check in Argo CD's order."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.keys import Revision
from reconciler.plan.autosync import Decision, Nothing, StartSync, Wait, auto_sync
from reconciler.plan.compare import Comparison, compare
from reconciler.plan.ignore import IgnoreRules
from tests.unit.plan.given import (
    C1,
    C2,
    NOON,
    REPO,
    SOURCE,
    a_map,
    an_app,
    at,
    drifted,
    equal,
    finished,
    later,
    live,
    missing,
    sees,
    wants,
)

WEB, API = a_map("web"), a_map("api")
OUT_OF_SYNC = compare(an_app(), wants(WEB, API), sees(drifted(WEB), equal(API)), IgnoreRules())


def decide(app: Any, comparison: Comparison = OUT_OF_SYNC, *, now: Any = NOON, **more: Any) -> Decision:
    return auto_sync(app, comparison, (Revision(C1),), now=now, **more)


def test_a_new_revision_is_synced_with_everything_pinned_and_copied() -> None:
    app = an_app(
        automated={"prune": True},
        policy={"syncOptions": ["CreateNamespace=true"], "retry": {"limit": 2, "backoff": {"duration": "1s"}}},
        status={"operationState": finished(revision=C2)},
    )
    decision = decide(app)
    assert isinstance(decision, StartSync)
    assert decision.operation == {
        "initiatedBy": {"automated": True},
        "retry": {"limit": 2, "backoff": {"duration": "1s"}},
        "sync": {"prune": True, "source": SOURCE, "revision": C1, "syncOptions": ["CreateNamespace=true"]},
    }


def test_an_application_with_several_sources_pins_each() -> None:
    app = an_app(automated={}, spec={"sources": [SOURCE, {**SOURCE, "path": "b"}]})
    decision = auto_sync(app, OUT_OF_SYNC, (Revision(C1), Revision(C2)), now=NOON)
    assert isinstance(decision, StartSync)
    assert decision.operation["sync"]["revisions"] == [C1, C2]
    assert len(decision.operation["sync"]["sources"]) == 2


@pytest.mark.parametrize(
    ("app", "why"),
    [
        (an_app(), "automated sync is off"),
        (an_app(automated={"enabled": False}), "automated sync is off"),
        (an_app(automated={}, operation={"sync": {}}), "another operation is in progress"),
        (an_app(automated={}, metadata={"deletionTimestamp": at(0)}), "deletion in progress"),
        (an_app(automated={}, status={"operationState": finished()}), f"most recent sync already to {C1}"),
    ],
)
def test_there_is_no_sync(app: Any, why: str) -> None:
    assert decide(app) == Nothing(why)


@pytest.mark.parametrize("reading", ["equal", "unread"])
def test_only_an_application_that_is_out_of_sync_is_synced(reading: str) -> None:
    seen = sees(equal(WEB)) if reading == "equal" else sees()
    comparison = compare(an_app(), wants(WEB), seen, IgnoreRules())
    assert decide(an_app(automated={}), comparison) == Nothing(f"application status is {comparison.sync}")


def test_without_prune_extra_objects_alone_start_no_sync() -> None:
    comparison = compare(an_app(), wants(WEB), sees(equal(WEB), live(a_map("old"))), IgnoreRules())
    decision = decide(an_app(automated={}), comparison)
    assert decision == Nothing("need to prune extra resources only but automated prune is disabled")
    assert isinstance(decide(an_app(automated={"prune": True}), comparison), StartSync)


@pytest.mark.parametrize("phase", ["Failed", "Error"])
@pytest.mark.parametrize("heals", [True, False])
def test_a_failed_revision_is_never_tried_again_by_itself(phase: str, heals: bool) -> None:
    app = an_app(automated={"selfHeal": heals}, status={"operationState": finished(phase, at_s=-9999)})
    decision = decide(app)
    assert isinstance(decision, Nothing)
    assert decision.condition is not None
    assert decision.condition.type == "SyncError"
    assert decision.condition.message == f"Failed last sync attempt to [{C1}]: as it went"


@pytest.mark.parametrize(
    ("result", "is_new"),
    [
        ({"revision": C2, "source": SOURCE}, True),
        ({"revision": C1, "source": {**SOURCE, "path": "elsewhere"}}, True),
        ({"revision": C1, "source": {**SOURCE, "directory": {"recurse": True}}}, True),
        ({"revision": C1, "source": {**SOURCE, "directory": {}}}, False),
        ({"revision": C1, "source": {**SOURCE, "chart": ""}}, False),
        ({"revision": C1, "source": {"repoURL": REPO}}, True),
    ],
)
def test_another_revision_or_another_source_is_a_new_start(result: Any, is_new: bool) -> None:
    state = {**finished("Failed"), "syncResult": result}
    decision = decide(an_app(automated={}, status={"operationState": state}))
    assert isinstance(decision, StartSync if is_new else Nothing)


def test_an_operation_that_ended_without_a_result_counts_as_an_attempt() -> None:
    state = {key: value for key, value in finished("Error").items() if key != "syncResult"}
    decision = decide(an_app(automated={}, status={"operationState": state}))
    assert isinstance(decision, Nothing)
    assert decision.condition is not None


@pytest.mark.parametrize(
    ("count", "wait_s"), [(0, 0), (1, 2), (2, 6), (3, 18), (4, 54), (5, 162), (6, 300), (7, 300), (5000, 300)]
)
def test_a_heal_waits_longer_with_each_attempt(count: int, wait_s: float) -> None:
    state = finished(at_s=0, autoHealAttemptsCount=count)
    app = an_app(automated={"selfHeal": True}, status={"operationState": state})
    if wait_s:
        early = decide(app)
        assert isinstance(early, Wait)
        assert early.due_s == wait_s
    decision = decide(app, now=later(wait_s))
    assert isinstance(decision, StartSync)
    sync = decision.operation["sync"]
    assert (sync["autoHealAttemptsCount"], sync["resources"]) == (count + 1, [{"kind": "ConfigMap", "name": "web"}])


def test_a_new_revision_starts_counting_heals_from_nothing() -> None:
    state = finished(revision=C2, autoHealAttemptsCount=6)
    decision = decide(an_app(automated={"selfHeal": True}, status={"operationState": state}))
    assert isinstance(decision, StartSync)
    assert "autoHealAttemptsCount" not in decision.operation["sync"]


def test_a_heal_does_not_wipe_an_application_either() -> None:
    comparison = compare(an_app(), wants(), sees(live(WEB)), IgnoreRules())
    state = finished(at_s=-9999)
    app = an_app(automated={"prune": True, "selfHeal": True}, status={"operationState": state})
    decision = decide(app, comparison)
    assert isinstance(decision, Nothing)
    assert decision.condition is not None
    assert decision.condition.message == f"Skipping sync attempt to [{C1}]: auto-sync will wipe out all resources"


def test_missing_objects_are_healed_too() -> None:
    comparison = compare(an_app(), wants(WEB, API), sees(missing(WEB), equal(API)), IgnoreRules())
    app = an_app(automated={"selfHeal": True}, status={"operationState": finished(at_s=-9999)})
    decision = decide(app, comparison)
    assert isinstance(decision, StartSync)
    assert decision.operation["sync"]["resources"] == [{"kind": "ConfigMap", "name": "web"}]
