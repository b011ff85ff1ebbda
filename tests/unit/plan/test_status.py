"""Single fields of the status; whole passes are in test_build."""

from __future__ import annotations

from typing import Any

from reconciler.models.application import Application
from reconciler.models.keys import Revision
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Condition, Desired, Health, Reading
from reconciler.plan.build import build_plan
from reconciler.plan.patch import status_patch
from reconciler.plan.status import due_after, next_status
from tests.unit.plan.given import C1, C2, NOON, SOURCE, a_map, a_policy, an_app, at, equal, later, patched, sees, wants

WEB = a_map("web")


def after(app: Application, health: str, *, message: str = "", now: Any = NOON) -> JsonObject:
    reading = Reading("record", health=Health(health, message))  # type: ignore[arg-type]
    plan = build_plan(app, wants(WEB), sees((WEB.key, reading)), a_policy(), now=now)
    return next_status(app, plan, None, None, now=now)


def recorded(app: Application, status: JsonObject) -> Application:
    plan = build_plan(app, wants(WEB), sees(equal(WEB)), a_policy(), now=NOON)
    return patched(app, status_patch(app, plan, status))


def test_the_time_of_health_moves_with_the_word_and_not_with_the_message() -> None:
    app = recorded(an_app(), after(an_app(), "Progressing", message="1 of 3"))
    same = after(app, "Progressing", message="2 of 3", now=later(5))
    assert same["health"]["lastTransitionTime"] == at(0)
    assert same["resources"][0]["health"]["message"] == "2 of 3"
    assert after(app, "Healthy", now=later(9))["health"] == {"status": "Healthy", "lastTransitionTime": at(9)}


def test_reconciled_at_moves_only_with_something_else() -> None:
    app = recorded(an_app(), after(an_app(), "Healthy"))
    assert after(app, "Healthy", now=later(600)) is app.raw["status"]
    assert after(app, "Degraded", now=later(600))["reconciledAt"] == at(600)


def test_several_sources_have_a_revision_and_a_type_each() -> None:
    app = an_app(spec={"source": None, "sources": [SOURCE, {**SOURCE, "path": "b"}]})
    desired = Desired((WEB,), (Revision(C1), Revision(C2)), ("Directory", "Helm"))
    plan = build_plan(app, desired, sees(equal(WEB)), a_policy(), now=NOON)
    status = next_status(app, plan, None, None, now=NOON)
    assert status["sync"]["revisions"] == [C1, C2]
    assert len(status["sync"]["comparedTo"]["sources"]) == 2
    assert status["sourceTypes"] == ["Directory", "Helm"]
    assert not {"revision", "sourceType"} & {*status["sync"], *status}


def test_what_was_compared_is_written_down_with_its_ignore_rules() -> None:
    rule = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}
    app = an_app(spec={"ignoreDifferences": [rule]})
    assert after(app, "Healthy")["sync"]["comparedTo"]["ignoreDifferences"] == [rule]


def test_an_application_without_any_object_is_synced_and_healthy() -> None:
    app = an_app(automated={"prune": True})
    plan = build_plan(app, wants(), sees(), a_policy(), now=NOON)
    status = next_status(app, plan, None, None, now=NOON)
    assert (status["sync"]["status"], status["health"]["status"]) == ("Synced", "Healthy")
    assert "operationState" not in status


def test_an_application_that_was_never_compared_is_unknown_in_both() -> None:
    app = an_app()
    failure = Condition("ComparisonError", "git is away")
    plan = build_plan(app, None, sees(), a_policy(conditions=(failure,)), now=NOON)
    status = next_status(app, plan, None, None, now=NOON)
    assert (status["sync"], status["health"]["status"]) == ({"status": "Unknown"}, "Unknown")
    assert due_after(app, plan, status, now=NOON)[0] is None


def test_an_inventory_that_became_empty_disappears() -> None:
    app = recorded(an_app(), after(an_app(), "Healthy"))
    plan = build_plan(app, wants(), sees(), a_policy(), now=later(5))
    assert "resources" not in next_status(app, plan, None, None, now=later(5))
