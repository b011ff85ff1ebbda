"""Schedules as robfig/cron reads five fields: checked by hand against a calendar."""

from datetime import datetime, timedelta

import pytest

from reconciler.plan.cron import schedule_of

MONDAY = datetime.fromisoformat("2026-05-04T12:00")
WEEK = timedelta(days=7)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("schedule", "following"),
    [
        ("* * * * *", "2026-05-04T12:01"),
        ("30 * * * *", "2026-05-04T12:30"),
        ("0 12 * * *", "2026-05-05T12:00"),
        ("*/20 13 * * *", "2026-05-04T13:00"),
        ("5/25 13 * * *", "2026-05-04T13:05"),
        ("0 22 * * 5", "2026-05-08T22:00"),
        ("0 22 * * FRI-SAT", "2026-05-08T22:00"),
        ("0 0 1 * *", "2026-06-01T00:00"),
        ("0 0 1 jan ?", "2027-01-01T00:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("0,15 9-17/4 * * *", "2026-05-04T13:00"),
        # Two day fields: either will do, unless one of them is a star.
        ("0 0 6 * 0", "2026-05-06T00:00"),
        ("0 0 13 * 5", "2026-05-08T00:00"),
        ("0 0 * * 5", "2026-05-08T00:00"),
        # Upstream: a star with a step is no bare star, so the other day field alone suffices.
        ("0 0 */31 * 3", "2026-05-06T00:00"),
    ],
)
def test_a_schedule_fires_next_where_the_calendar_says(schedule: str, following: str) -> None:
    assert schedule_of(schedule).next(MONDAY, timedelta(days=1000)) == at(following)


def test_the_next_start_is_looked_for_as_far_as_asked() -> None:
    weekly = schedule_of("0 22 * * 5")
    assert weekly.next(MONDAY, timedelta(days=1)) is None
    assert schedule_of("0 0 30 2 *").next(MONDAY, timedelta(days=2000)) is None


@pytest.mark.parametrize(
    ("schedule", "within", "begun"),
    [
        ("0 12 * * *", timedelta(minutes=1), "2026-05-04T12:00"),
        ("0 11 * * *", timedelta(hours=2), "2026-05-04T11:00"),
        ("0 11 * * *", timedelta(hours=1), None),
        ("0 22 * * 5", WEEK, "2026-05-01T22:00"),
        ("0 22 * * 5", timedelta(hours=24), None),
        ("* * * * *", timedelta(), None),
    ],
)
def test_the_last_start_counts_until_it_is_as_old_as_asked(schedule: str, within: timedelta, begun: str | None) -> None:
    assert schedule_of(schedule).last(MONDAY, within) == (at(begun) if begun else None)


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        ("* * * *", "has 4 fields, not 5"),
        ("@daily", "has 1 fields, not 5"),
        ("60 * * * *", "minute '60' of schedule '60 \\* \\* \\* \\*': not within 0 to 59"),
        ("* * * * 7", "day of week '7'"),
        ("* 5-3 * * *", "hour '5-3'"),
        ("*/0 * * * *", "a step of 0"),
        ("* * * foo *", "month 'foo' .*'foo' is no number"),
        ("-1 * * * *", "'' is no number"),
    ],
)
def test_what_is_no_schedule_is_refused_by_the_name_of_its_field(schedule: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        schedule_of(schedule)
