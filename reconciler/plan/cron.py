"""Five-field cron, as robfig/cron reads it for Argo CD: when a schedule fires, in wall-clock time without a zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class _Field(NamedTuple):
    """One of the five fields: its name, its bounds, and words that stand for numbers, each at its own."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The values of each field at which it fires."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_any_day: bool
    """One of the two day fields is a bare star: then both have to match, otherwise either does (cron's old rule)."""

    def last(self, at: datetime, within: timedelta) -> datetime | None:
        """The last start at `at` or before it, but after `at - within`; None if there is none."""
        day, earliest = at.replace(hour=0, minute=0, second=0, microsecond=0), at - within
        while day.date() >= earliest.date():
            found = max((start for start in self._of(day) if earliest < start <= at), default=None)
            if found is not None:
                return found
            day -= timedelta(days=1)
        return None

    def next(self, at: datetime, within: timedelta) -> datetime | None:
        """The first start after `at`, up to `at + within`; None if there is none."""
        day, last_day = at.replace(hour=0, minute=0, second=0, microsecond=0), at + within
        while day <= last_day:
            found = min((start for start in self._of(day) if start > at), default=None)
            if found is not None:
                return found if found <= last_day else None
            day += timedelta(days=1)
        return None

    def _fires_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, (day.weekday() + 1) % 7 in self.weekdays
        return (of_month and of_week) if self.is_any_day else (of_month or of_week)

    def _of(self, day: datetime) -> Iterator[datetime]:
        """The starts of one day."""
        if self._fires_on(day):
            yield from (day.replace(hour=hour, minute=minute) for hour in self.hours for minute in self.minutes)


@lru_cache(maxsize=1024)
def schedule_of(text: str) -> Schedule:
    """Reads five fields. Raises ValueError that names the field. No `@daily`, no seconds, no zone: Argo CD has none."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"schedule {text!r} has {len(parts)} fields, not {len(FIELDS)}")
    minutes, hours, days, months, weekdays = (_field(*pair, text) for pair in zip(parts, FIELDS, strict=True))
    any_day = days[1] or weekdays[1]
    return Schedule(minutes[0], hours[0], days[0], months[0], weekdays[0], is_any_day=any_day)


def _field(text: str, field: _Field, schedule: str) -> tuple[frozenset[int], bool]:
    """The values of one field, and whether it is a bare star."""
    values: set[int] = set()
    is_star = False
    try:
        for item in text.split(","):
            found, star = _item(item, field)
            values.update(found)
            is_star = is_star or star
    except ValueError as error:
        raise ValueError(f"{field.name} {text!r} of schedule {schedule!r}: {error}") from None
    return frozenset(values), is_star


def _item(text: str, field: _Field) -> tuple[range, bool]:
    """`*`, `?`, `5`, `1-5`, each with `/step`. Argo CD: `5/15` goes on to the end of the field."""
    span, slash, step_text = text.partition("/")
    step = _positive(step_text) if slash else 1
    if span in ("*", "?"):
        return range(field.low, field.high + 1, step), step == 1
    first, dash, last = span.partition("-")
    low = _number(first, field)
    high = _number(last, field) if dash else (field.high if slash else low)
    if not field.low <= low <= high <= field.high:
        raise ValueError(f"not within {field.low} to {field.high}, or its end comes before its beginning")
    return range(low, high + 1, step), False


def _number(text: str, field: _Field) -> int:
    word = text.lower()
    return field.words.index(word) if word and word in field.words else _digits(text)


def _positive(text: str) -> int:
    step = _digits(text)
    if step == 0:
        raise ValueError("a step of 0")
    return step


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no number")
    return int(text)
