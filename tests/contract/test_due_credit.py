"""Who is served when: lanes, turns and credit, on a real Valkey."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.models.keys import LANES, EntryKey
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.due import Issued, Request
from tests.support.store import KEYS, SHORT, Process, a_process

APP = EntryKey("app", "argocd/orders")
UID = "uid-1"


def app(number: int) -> EntryKey:
    return EntryKey("app", f"argocd/app-{number:05}")


@pytest.fixture
def process(valkey: Valkey) -> Iterator[Process]:
    with a_process(valkey) as one:
        yield one


def test_two_drains_never_issue_twice(valkey: Valkey, process: Process) -> None:
    limits = replace(SHORT, lane_credit=10_000, place_credit=10_000, redrive_s=60)
    process.due.request_many([Request(app(number), UID, "push", f"c{number % 7}") for number in range(2000)])
    taken: list[Issued] = []
    with a_process(valkey, limits, beating=False) as one, a_process(valkey, limits, beating=False) as two:
        threads = [threading.Thread(target=drain_all, args=(beat, taken)) for beat in (one, two, one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(taken) == len({issued.entry for issued in taken}) == 2000


def drain_all(beat: Process, taken: list[Issued]) -> None:
    while issued := beat.due.drain(limit=37):
        taken.extend(issued)


def test_lanes_are_served_by_urgency(process: Process) -> None:
    for number, lane in enumerate(reversed(LANES)):
        process.due.request(app(number), UID, lane, "prod")
    assert [issued.lane for issued in process.due.drain()] == list(LANES)


def test_places_take_turns(process: Process) -> None:
    process.due.request_many([Request(app(number), UID, "push", "big") for number in range(30)])
    process.due.request_many([Request(app(100 + number), UID, "push", f"small-{number}") for number in range(3)])
    first = Counter(issued.place for issued in process.due.drain(limit=8))
    assert first == {"big": 5, "small-0": 1, "small-1": 1, "small-2": 1}


def test_a_place_that_was_served_last_is_not_first_again(process: Process) -> None:
    process.due.request_many([Request(app(number), UID, "push", f"c{number % 3}") for number in range(9)])
    assert [process.due.drain(limit=1)[0].place for _ in range(6)] == ["c0", "c1", "c2", "c0", "c1", "c2"]


def test_a_dead_cluster_uses_up_its_own_credit_and_blocks_nobody(process: Process) -> None:
    process.due.request_many([Request(app(number), UID, "push", "dead") for number in range(100)])
    assert len(process.due.drain()) == SHORT.place_credit
    process.due.request(APP, UID, "timer", "alive")
    assert [issued.place for issued in process.due.drain()] == ["alive"]


def test_credit_that_comes_back_wakes_beat_only_if_somebody_waited_for_it(process: Process) -> None:
    entries = [app(number) for number in range(SHORT.place_credit + 1)]
    process.due.request_many([Request(entry, UID, "push", "prod") for entry in entries])
    issued = process.due.drain()
    assert process.due.wait(1)
    with process.due.hold(issued[0].entry, UID) as held:
        assert held
        assert not process.due.wait(0.05)
    assert process.due.wait(1)
    assert len(process.due.drain()) == 1
    with process.due.hold(issued[1].entry, UID):
        pass
    assert not process.due.wait(0.05)


def test_a_lane_gives_out_no_more_than_its_queues_may_hold(process: Process) -> None:
    process.client.lpush(KEYS.queue("push.1"), *["message"] * (SHORT.lane_credit - 3))
    process.due.request_many([Request(app(number), UID, "push", f"c{number}") for number in range(10)])
    process.due.request(APP, UID, "person", "c0")
    assert Counter(issued.lane for issued in process.due.drain()) == {"person": 1, "push": 3}


def test_lost_messages_come_back_although_they_use_up_the_credit_of_their_place(process: Process) -> None:
    process.due.request_many([Request(app(number), UID, "push", "prod") for number in range(SHORT.place_credit)])
    lost = {issued.entry for issued in process.due.drain()}
    again: set[EntryKey] = set()

    def all_again() -> bool:
        again.update(issued.entry for issued in process.due.drain())
        return again == lost

    wait_for(all_again, "every lost message to be issued again", timeout_s=5, every_s=0.05)
    assert process.client.hget(KEYS.flights(), "prod") == str(SHORT.place_credit).encode()


def test_redrives_stop_while_the_queues_of_their_lane_are_full(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    process.client.lpush(KEYS.queue("push.0"), *["message"] * SHORT.lane_credit)
    look_again = process.client.zscore(KEYS.issued("push"), str(APP))
    wait_for(lambda: server_ms(process) > float(look_again or 0) + 50, "the redrive", timeout_s=5, every_s=0.05)
    assert process.due.drain() == []
    process.client.delete(KEYS.queue("push.0"))
    assert [issued.entry for issued in process.due.drain()] == [APP]


def server_ms(process: Process) -> float:
    seconds, micros = process.client.time()
    return float(seconds * 1000 + micros / 1000)


def test_an_application_that_moves_to_another_cluster_takes_its_credit_along(process: Process) -> None:
    process.due.request(APP, UID, "push", "old")
    process.issue(APP)
    process.due.request(APP, UID, "push", "new")
    assert process.client.hgetall(KEYS.flights()) == {b"new": b"1"}
    with process.due.hold(APP, UID) as held:
        assert held
    assert process.client.hlen(KEYS.flights()) == 0
    assert process.client.zscore(KEYS.due("timer", "new"), str(APP)) is not None


def test_stats_tell_backlog_lag_and_flight(process: Process) -> None:
    process.due.request_many([Request(app(number), UID, "push", "prod") for number in range(SHORT.place_credit + 4)])
    process.due.drain()
    wait_for(lambda: process.due.stats()["push"].lag_s > 0.05, "lag", timeout_s=2, every_s=0.02)
    stats = process.due.stats()
    assert (stats["push"].due, stats["push"].issued) == (4, SHORT.place_credit)
    assert stats["person"].due == stats["timer"].due == 0
