"""The due set on a real Valkey: many requests are one pass, and none is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from reconciler.models.keys import LANES, EntryKey, Lane
from reconciler.sandbox.valkey import Valkey
from reconciler.store.due import Issued, Request
from tests.support.store import KEYS, Process, a_process

APP = EntryKey("app", "argocd/orders")
UID = "uid-1"


def app(number: int) -> EntryKey:
    return EntryKey("app", f"argocd/app-{number:05}")


@pytest.fixture
def process(valkey: Valkey) -> Iterator[Process]:
    with a_process(valkey) as one:
        yield one


def test_ten_thousand_requests_to_one_application_are_one_pending_pass(process: Process) -> None:
    process.due.request_many([Request(APP, UID, "push", "prod")] * 10_000)
    assert [issued.entry for issued in process.due.drain()] == [APP]
    assert process.due.drain() == []
    with process.due.hold(APP, UID) as held:
        assert held
    assert process.due.drain() == []


def test_ten_thousand_applications_are_requested_at_once_and_all_issued(process: Process) -> None:
    process.due.request_many([Request(app(number), UID, "push", f"c{number % 40}") for number in range(10_000)])
    assert process.due.stats()["push"].due == 10_000


def test_an_entry_is_issued_with_what_it_was_requested_with(process: Process) -> None:
    process.due.request(APP, UID, "person", "prod")
    assert process.due.drain() == [Issued(APP, UID, "person", "prod")]


def test_a_delayed_request_is_not_due_before_its_time(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod", delay_s=0.3)
    assert process.due.drain() == []
    process.issue(APP)


def test_the_earlier_of_two_requests_counts(process: Process) -> None:
    process.due.request(APP, UID, "timer", "prod", delay_s=3600)
    process.due.request(APP, UID, "push", "prod")
    process.due.request(APP, UID, "timer", "prod", delay_s=3600)
    assert process.due.drain() == [Issued(APP, UID, "push", "prod")]


def test_a_lost_message_costs_the_redrive_and_never_the_pass(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    assert len(process.due.drain()) == 1
    assert process.due.drain() == []
    assert process.issue(APP).uid == UID


def test_a_doubled_or_replayed_message_is_refused(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    process.due.leases.refusals.clear()
    with process.due.hold(APP, UID) as first, process.due.hold(APP, UID) as second:
        assert first
        assert second is None
    with process.due.hold(APP, UID) as replayed:
        assert replayed is None
    assert process.due.leases.refusals == {"held": 1, "replayed": 1}


def test_a_request_during_the_pass_makes_it_due_again_at_once(process: Process) -> None:
    process.due.request(APP, UID, "timer", "prod")
    process.issue(APP)
    with process.due.hold(APP, UID) as held:
        assert held
        process.due.request(APP, UID, "push", "prod")
        assert process.due.drain() == []
        held.next_due_s = 3600
    assert process.due.drain() == [Issued(APP, UID, "push", "prod")]


def test_a_request_before_the_pass_begins_is_covered_by_it(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    process.due.request(APP, UID, "push", "prod")
    with process.due.hold(APP, UID) as held:
        assert held
        held.next_due_s = 3600
    assert process.due.drain() == []


def test_after_its_pass_an_entry_comes_back_by_the_timer_when_the_pass_says_so(process: Process) -> None:
    process.due.request(APP, UID, "person", "prod")
    process.issue(APP)
    with process.due.hold(APP, UID) as held:
        assert held
        assert held.lane == "person"
        held.next_due_s = 0.2
    assert process.due.drain() == []
    assert process.issue(APP).lane == "timer"


def test_a_pass_that_goes_on_keeps_its_lane(process: Process) -> None:
    process.due.request(APP, UID, "person", "prod")
    process.issue(APP)
    with process.due.hold(APP, UID) as held:
        assert held
        held.next_due_s, held.next_lane = 0.0, "person"
    assert process.due.drain() == [Issued(APP, UID, "person", "prod")]


def test_a_pass_that_crashes_is_settled_and_comes_back(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    with pytest.raises(ZeroDivisionError), process.due.hold(APP, UID):
        raise ZeroDivisionError
    assert process.client.hget(KEYS.entry(APP), "issued") == b"0"
    assert process.client.zscore(KEYS.due("timer", "prod"), str(APP)) is not None
    assert process.client.hlen(KEYS.flights()) == 0


def test_a_person_overtakes_a_message_that_waits_in_a_slower_lane(process: Process) -> None:
    process.due.request(APP, UID, "timer", "prod")
    assert process.issue(APP).lane == "timer"
    process.due.request(APP, UID, "person", "prod")
    assert process.due.drain() == [Issued(APP, UID, "person", "prod")]
    with process.due.hold(APP, UID) as held:
        assert held
    with process.due.hold(APP, UID) as the_slower_message:
        assert the_slower_message is None
    assert process.client.hlen(KEYS.flights()) == 0


@pytest.mark.parametrize("lane", LANES)
def test_a_request_wakes_who_waits_for_work(process: Process, lane: Lane) -> None:
    process.due.wait(0.01)
    waiter = threading.Thread(target=process.due.wait, args=(5,))
    waiter.start()
    process.due.request(APP, UID, lane, "prod")
    waiter.join(timeout=1)
    assert not waiter.is_alive()


def test_wakeups_do_not_pile_up(process: Process) -> None:
    process.due.request_many([Request(app(number), UID, "push", "prod") for number in range(500)])
    assert process.client.llen(KEYS.wake()) == 1


def test_what_is_not_known_of_an_entry_keeps_its_value(process: Process) -> None:
    process.due.request(APP, UID, "timer", "prod", delay_s=3600)
    process.due.request(APP, lane="push")
    assert process.due.drain() == [Issued(APP, UID, "push", "prod")]


def test_a_recreated_application_is_issued_with_its_new_uid_and_the_old_message_is_refused(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    process.due.request(APP, "uid-2", "push", "prod")
    assert process.due.drain() == [Issued(APP, "uid-2", "push", "prod")]
    with process.due.hold(APP, UID) as stale:
        assert stale is None
    with process.due.hold(APP, "uid-2") as held:
        assert held


def test_a_forgotten_entry_leaves_nothing_behind(process: Process) -> None:
    before = set(process.client.keys("*"))
    process.due.request(APP, UID, "push", "prod")
    process.due.wait(1)
    process.issue(APP)
    with process.due.hold(APP, UID) as held:
        assert held
        held.forget()
    after = set(process.client.keys("*"))
    assert after - before <= {KEYS.turn("push").encode()}
    assert process.due.drain() == []


def test_an_entry_that_lives_again_under_another_uid_is_not_forgotten(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    with process.due.hold(APP, UID) as held:
        assert held
        process.due.request(APP, "uid-2", "push", "prod")
        held.forget()
    assert process.due.drain() == [Issued(APP, "uid-2", "push", "prod")]


def test_an_entry_that_was_asked_for_meanwhile_is_not_forgotten(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    with process.due.hold(APP, UID) as held:
        assert held
        process.due.request(APP, UID, "person", "prod")
        held.forget()
    assert [issued.lane for issued in process.due.drain()] == ["person"]


def test_a_skip_postpones_what_nobody_asked_for_since(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    seen = process.due.seen(APP)
    assert seen
    assert process.due.skip(APP, seen, 3600)
    assert process.due.drain() == []
    process.due.request(APP, UID, "push", "prod")
    assert not process.due.skip(APP, seen, 3600)
    assert len(process.due.drain()) == 1


def test_a_skip_is_refused_while_somebody_holds_the_entry(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    with process.due.hold(APP, UID) as held:
        assert held
        assert not process.due.skip(APP, held.seen, 3600)
