"""What a lease believes without asking: monotonic time, the heartbeat, and what the ledger said."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from reconciler.errors import LeaseLost, StoreUnavailable
from reconciler.models.keys import EntryKey
from reconciler.store.heartbeat import Beat, Heartbeat
from reconciler.store.lease import CRASH_BACKOFF_S, Grant, Held, Leases

APP = EntryKey("app", "argocd/orders")
OK = Grant("ok", "17", "push", "uid")


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pulse:
    """A heartbeat as leases see it."""

    clock: Clock
    state: Beat

    def holds(self, worker: str) -> bool:
        return Heartbeat.holds(cast("Heartbeat", self), worker)

    @property
    def _clock(self) -> Clock:
        return self.clock


@dataclass
class Book:
    """A ledger that answers as told and keeps what it was asked."""

    answer: Grant = OK
    clock: Clock = field(default_factory=Clock)
    acquiring_takes_s: float = 0.0
    settled: list[Held] = field(default_factory=list)
    is_lost: bool = False

    def acquire(self, entry: EntryKey, uid: str, token: str, beat: Beat) -> Grant:
        self.clock.now += self.acquiring_takes_s
        return self.answer

    def settle(self, held: Held) -> bool:
        self.settled.append(held)
        return not self.is_lost

    def extend(self, held: Held) -> bool:
        return not self.is_lost

    def forget(self, entry: EntryKey, uid: str, seen: str = "") -> bool:
        return not self.is_lost

    def deadline_s(self, entry: EntryKey) -> float:
        return 30.0


def leases_with(book: Book) -> tuple[Leases, Pulse]:
    pulse = Pulse(book.clock, Beat("w1", "epoch", "epoch", trusted_until=1000.0))
    return Leases(book, cast("Heartbeat", pulse), book.clock), pulse


def test_writing_ends_a_second_before_the_deadline() -> None:
    book = Book()
    leases, _ = leases_with(book)
    with leases.hold(APP, "uid") as held:
        assert held
        book.clock.now = 128.9
        held.still_mine()
        book.clock.now = 129.0
        with pytest.raises(LeaseLost):
            held.still_mine()


def test_a_slow_answer_does_not_lengthen_the_lease() -> None:
    book = Book(acquiring_takes_s=5.0)
    leases, _ = leases_with(book)
    with leases.hold(APP, "uid") as held:
        assert held
        assert held.deadline == 130.0


def test_a_heartbeat_that_was_not_renewed_in_time_ends_the_lease() -> None:
    book = Book()
    leases, pulse = leases_with(book)
    with leases.hold(APP, "uid") as held:
        assert held
        pulse.state = replace(pulse.state, trusted_until=104.0)
        book.clock.now = 103.9
        held.still_mine()
        book.clock.now = 104.0
        with pytest.raises(LeaseLost):
            held.still_mine()


def test_a_process_that_was_lost_and_came_back_does_not_believe_its_old_leases() -> None:
    leases, pulse = leases_with(Book())
    with leases.hold(APP, "uid") as held:
        assert held
        pulse.state = Beat("w2", "epoch", "epoch", trusted_until=1000.0)
        with pytest.raises(LeaseLost):
            held.still_mine()


def test_an_extension_counts_from_when_it_was_asked_for() -> None:
    book = Book()
    leases, _ = leases_with(book)
    with leases.hold(APP, "uid") as held:
        assert held
        book.clock.now = 120.0
        held.extend()
        assert held.deadline == 150.0
        book.is_lost = True
        with pytest.raises(LeaseLost):
            held.extend()


def test_every_pass_is_settled_however_it_ends() -> None:
    book = Book()
    leases, _ = leases_with(book)
    with leases.hold(APP, "uid") as held:
        assert held
    with pytest.raises(ZeroDivisionError), leases.hold(APP, "uid"):
        raise ZeroDivisionError
    assert [held.next_due_s for held in book.settled] == [None, CRASH_BACKOFF_S]
    assert leases.running() == []


def test_a_pass_that_failed_after_naming_its_time_keeps_it() -> None:
    book = Book()
    leases, _ = leases_with(book)
    with pytest.raises(StoreUnavailable), leases.hold(APP, "uid") as held:
        _fail_in(held)
    assert book.settled[0].next_due_s == 5.0


def _fail_in(held: Held | None) -> None:
    assert held
    held.next_due_s = 5.0
    raise StoreUnavailable("gone")


def test_a_forgotten_entry_is_not_settled() -> None:
    book = Book()
    leases, _ = leases_with(book)
    with leases.hold(APP, "uid") as held:
        assert held
        held.forget()
    assert book.settled == []


def test_refusals_are_counted_by_reason() -> None:
    leases, _ = leases_with(Book(answer=Grant("held")))
    for _ in range(2):
        with leases.hold(APP, "uid") as held:
            assert held is None
    assert leases.refusals == {"held": 2}


def test_a_pass_beyond_its_deadline_and_grace_is_overdue() -> None:
    book = Book()
    leases, _ = leases_with(book)
    with leases.hold(APP, "uid") as held:
        assert held
        book.clock.now = 140.0
        assert leases.overdue(10.0) == []
        book.clock.now = 140.1
        assert leases.overdue(10.0) == [held]
