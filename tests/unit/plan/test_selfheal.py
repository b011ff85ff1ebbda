from __future__ import annotations

import pytest

from reconciler.models.operation import OperationState
from reconciler.plan import selfheal
from reconciler.plan.compare import compare
from reconciler.plan.ignore import IgnoreRules
from tests.unit.plan.given import NOON, a_map, an_app, drifted, equal, finished, later, live, sees, wants


@pytest.mark.parametrize(("attempt", "wait_s"), [(-1, 0), (0, 0), (1, 2), (2, 6), (3, 18), (6, 300), (10**9, 300)])
def test_the_wait_triples_up_to_five_minutes(attempt: int, wait_s: float) -> None:
    assert selfheal.wait_s(attempt) == wait_s


def test_the_wait_is_measured_from_the_end_of_the_last_operation() -> None:
    last = OperationState.model_validate(finished(autoHealAttemptsCount=3))
    assert selfheal.remaining_s(last, now=NOON) == 18
    assert selfheal.remaining_s(last, now=later(17.5)) == 0.5
    assert selfheal.remaining_s(last, now=later(60)) == 0


def test_an_operation_without_an_end_does_not_hold_up_a_heal() -> None:
    last = OperationState.model_validate({**finished(autoHealAttemptsCount=3), "finishedAt": ""})
    assert selfheal.remaining_s(last, now=NOON) == 0


def test_a_heal_covers_what_is_not_synced_and_nothing_else() -> None:
    web, api = a_map("web"), a_map("api")
    observed = sees(drifted(web), equal(api), live(a_map("old")))
    comparison = compare(an_app(), wants(web, api), observed, IgnoreRules())
    assert selfheal.resources(comparison) == [
        {"kind": "ConfigMap", "name": "web"},
        {"kind": "ConfigMap", "name": "old"},
    ]
