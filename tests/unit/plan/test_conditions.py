from __future__ import annotations

from reconciler.models.observed import Condition
from reconciler.plan.conditions import OF_SYNC, replaced
from tests.unit.plan.given import NOON, at

OLD = [
    {"type": "SyncError", "message": "same", "lastTransitionTime": at(-60)},
    {"type": "ComparisonError", "message": "theirs", "lastTransitionTime": at(-90)},
]


def test_an_evaluator_replaces_its_own_types_and_no_others() -> None:
    assert replaced(OLD, OF_SYNC, [], now=NOON) == [OLD[1]]
    found = replaced(OLD, OF_SYNC, [Condition("ComparisonError", "not asked"), Condition("SyncError", "new")], now=NOON)
    assert found == [OLD[1], {"type": "SyncError", "message": "new", "lastTransitionTime": at(0)}]


def test_the_time_stays_while_type_and_message_do() -> None:
    assert replaced(OLD, OF_SYNC, [Condition("SyncError", "same")], now=NOON) == [OLD[1], OLD[0]]


def test_the_same_condition_is_told_once() -> None:
    assert len(replaced([], OF_SYNC, [Condition("SyncError", "a")] * 2, now=NOON)) == 1
