from reconciler.sandbox.supervisor import LONGEST_DELAY_S, restart_delay_s


def test_the_first_restart_comes_at_once_and_later_ones_take_twice_as_long() -> None:
    assert [restart_delay_s(failures) for failures in (1, 2, 3)] == [0.5, 1.0, 2.0]


def test_no_process_stays_away_longer_than_half_a_minute() -> None:
    assert restart_delay_s(1000) == LONGEST_DELAY_S == 30.0
