import pytest

from reconciler.sandbox.waiting import wait_for


def test_the_first_real_answer_ends_the_waiting() -> None:
    answers = iter([None, False, 0, 1])
    assert wait_for(lambda: next(answers), "an answer", timeout_s=10, every_s=0) == 0


def test_a_passed_deadline_names_what_was_waited_for() -> None:
    with pytest.raises(TimeoutError, match=r"the fleet: not within 0 s"):
        wait_for(lambda: None, "the fleet", timeout_s=0, every_s=0)
