from __future__ import annotations

import pytest

from reconciler.plan.times import duration_s, instant_of, rfc3339
from tests.unit.plan.given import NOON


@pytest.mark.parametrize(("text", "seconds"), [("5s", 5), ("1m30s", 90), ("1.5h", 5400), ("250ms", 0.25), ("7", 7)])
def test_a_go_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5 s", "fast", "-3s", "5s!", "٣"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration_s(text)


def test_an_instant_survives_being_written_and_read() -> None:
    assert rfc3339(NOON) == "2026-05-04T12:00:00Z"
    assert instant_of(rfc3339(NOON)) == NOON


@pytest.mark.parametrize("text", ["", "yesterday", "2026-05-04T12:00:00"])
def test_a_time_that_cannot_be_read_is_none(text: str) -> None:
    assert instant_of(text) is None
