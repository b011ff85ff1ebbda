"""The circuit breaker, by its own clock."""

from __future__ import annotations

import pytest

from reconciler.clusters.breaker import FIRST_PROBE_S, LAST_PROBE_S, Breaker
from reconciler.errors import ClusterUnavailable


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("east", probe_limit_s=30.0, clock=clock)


def opened(breaker: Breaker) -> Breaker:
    for _ in range(3):
        breaker.failed("connection refused")
    return breaker


def test_two_failures_are_forgiven(breaker: Breaker) -> None:
    breaker.failed("timed out")
    breaker.failed("timed out")
    breaker.check()


def test_an_answer_in_between_starts_the_count_again(breaker: Breaker) -> None:
    breaker.failed("timed out")
    breaker.failed("timed out")
    breaker.answered()
    breaker.failed("timed out")
    breaker.check()


def test_the_third_failure_in_a_row_opens_it_and_says_when_to_come_back(breaker: Breaker) -> None:
    with pytest.raises(ClusterUnavailable, match="east: connection refused; next try in 5 s") as caught:
        opened(breaker).check()
    assert caught.value.retry_after_s == FIRST_PROBE_S


def test_one_caller_probes_and_the_others_wait_for_its_word(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += FIRST_PROBE_S
    breaker.check()
    with pytest.raises(ClusterUnavailable) as caught:
        breaker.check()
    assert caught.value.retry_after_s == FIRST_PROBE_S
    breaker.answered()
    breaker.check()


def test_a_probe_that_never_reports_is_replaced(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.now += FIRST_PROBE_S
    breaker.check()
    clock.now += 30.0
    breaker.check()


def test_probes_grow_rarer_down_to_two_a_minute(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    waits = []
    for _ in range(8):
        with pytest.raises(ClusterUnavailable) as caught:
            breaker.check()
        waits.append(caught.value.retry_after_s)
        clock.now += caught.value.retry_after_s or 0.0
        breaker.check()
        breaker.failed("timed out")
    assert waits == [5.0, 10.0, 20.0, 30.0, 30.0, 30.0, 30.0, 30.0]
    assert waits[-1] == LAST_PROBE_S


def test_calls_that_fail_together_are_one_outage_and_not_many_probes(breaker: Breaker) -> None:
    opened(breaker)
    for _ in range(10):
        breaker.failed("connection refused")
    with pytest.raises(ClusterUnavailable) as caught:
        breaker.check()
    assert caught.value.retry_after_s == FIRST_PROBE_S


def test_a_server_that_asks_for_silence_gets_it_although_it_answers_other_calls(breaker: Breaker, clock: Clock) -> None:
    breaker.hold(5.0)
    breaker.answered()
    with pytest.raises(ClusterUnavailable, match="asked to wait"):
        breaker.check()
    clock.now += 5.0
    breaker.check()
    breaker.check()
