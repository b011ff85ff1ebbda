"""When another writer is a rival, and when it has left."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from reconciler.plan.rival import NOBODY, Rivalry, watched
from tests.unit.plan.given import an_app, at, later


def entry(manager: str, seconds: float, field: str = "f:status") -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": at(seconds), "fieldsV1": {field: {}}}


def after(before: Rivalry, *entries: dict[str, Any], now: datetime | None = None) -> Rivalry:
    return watched(an_app(metadata={"managedFields": list(entries)}), before, now=now or later(0))


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [entry("reconciler", -5)],
        [entry("argocd-application-controller", -60), entry("reconciler", -5)],
        [entry("argocd-application-controller", -5)],
        [entry("kubectl-edit", -1, "f:spec"), entry("reconciler", -5)],
        [entry("reconciler-cli", -1), entry("reconciler", -5)],
    ],
)
def test_nobody_who_wrote_before_us_or_something_else_is_counted(entries: list[dict[str, Any]]) -> None:
    assert after(NOBODY, *entries) == NOBODY


def test_who_writes_the_status_after_us_again_and_again_is_a_rival() -> None:
    seen = NOBODY
    for turn in range(3):
        assert not seen.is_rival
        seen = after(seen, entry("reconciler", turn * 10), entry("other-controller", turn * 10 + 1))
    assert seen.is_rival
    assert seen.who == "other-controller writes the status of the Application too"


def test_one_write_is_counted_once_however_often_it_is_seen() -> None:
    entries = [entry("reconciler", -9), entry("other-controller", -8)]
    once = after(NOBODY, *entries)
    assert (once.turns, after(once, *entries)) == (1, once)


def test_a_rival_that_is_quiet_for_long_has_left() -> None:
    rival = Rivalry("other writes", at(0), turns=3)
    entries = [entry("reconciler", -9), entry("other", 0)]
    assert after(rival, *entries, now=later(599)).is_rival
    assert not after(rival, *entries, now=later(601)).is_rival
    assert after(rival, entry("reconciler", -9), entry("other", 700), now=later(701)).turns == 4
