"""Leases on a real Valkey: one holder at a time, and none that does not know it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.errors import LeaseLost, StoreUnavailable
from reconciler.models.keys import EntryKey
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from tests.support.store import KEYS, SHORT, Process, a_process, settle_down

APP = EntryKey("app", "argocd/orders")
UID = "uid-1"


def app(number: int) -> EntryKey:
    return EntryKey("app", f"argocd/app-{number:05}")


@pytest.fixture
def process(valkey: Valkey) -> Iterator[Process]:
    with a_process(valkey) as one:
        yield one


def test_the_same_question_asked_twice_gets_the_same_lease(process: Process) -> None:
    process.due.request(APP, UID, "push", "prod")
    process.issue(APP)
    beat = process.heartbeat.state
    first = process.due.acquire(APP, UID, "token", beat)
    assert first[0] == "ok"
    assert process.due.acquire(APP, UID, "token", beat) == first
    assert process.due.acquire(APP, UID, "other", beat)[0] == "held"


def test_a_pass_beyond_its_deadline_has_lost_its_lease_and_a_successor_gets_it(valkey: Valkey) -> None:
    with a_process(valkey, replace(SHORT, pass_deadline_s=0.5)) as process:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        with process.due.hold(APP, UID) as held:
            assert held
            held.still_mine()
            process.issue(APP)
            with pytest.raises(LeaseLost):
                held.still_mine()
            with pytest.raises(LeaseLost):
                held.extend()
            with process.due.hold(APP, UID) as successor:
                assert successor
                successor.next_due_s = 3600
        assert process.due.leases.lost == 1
        assert process.due.drain() == []


def test_an_extended_pass_goes_on_and_nobody_else_gets_it(valkey: Valkey) -> None:
    with a_process(valkey, replace(SHORT, pass_deadline_s=1.0)) as process:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        with process.due.hold(APP, UID) as held:
            assert held
            first_deadline = held.deadline
            wait_for(lambda: held.clock() > first_deadline - 0.5, "half of the lease", timeout_s=5, every_s=0.05)
            held.extend()
            wait_for(lambda: held.clock() > first_deadline + 0.1, "the old deadline", timeout_s=5, every_s=0.05)
            held.still_mine()
            assert process.due.drain() == []


def test_a_dead_holder_is_replaced_after_its_heartbeat(valkey: Valkey, process: Process) -> None:
    with a_process(valkey) as victim:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        with victim.due.hold(APP, UID) as held:
            assert held
            die(victim)
            process.issue(APP)
            with process.due.hold(APP, UID) as successor:
                assert successor
                with pytest.raises(LeaseLost):
                    held.still_mine()
        assert victim.due.leases.lost == 1


def die(victim: Process) -> None:
    """Stops beating as kill -9 does: nothing is cleaned up."""
    victim.heartbeat._stop.set()


def test_a_holder_whose_heartbeat_went_missing_cannot_write_although_it_beats_again(valkey: Valkey) -> None:
    with a_process(valkey) as process:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        with process.due.hold(APP, UID) as held:
            assert held
            process.client.delete(KEYS.alive(held.worker))
            wait_for(lambda: process.heartbeat.state.worker != held.worker, "the loss", timeout_s=2, every_s=0.02)
            with pytest.raises(LeaseLost):
                held.still_mine()


def test_a_wipe_loses_every_lease_and_gives_nothing_out_until_former_holders_have_stopped(
    own_valkey: Valkey,
) -> None:
    with a_process(own_valkey) as process:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        with process.due.hold(APP, UID) as held:
            assert held
            own_valkey.flush()
            process.due.request(APP, UID, "push", "prod")
            assert process.due.drain() == []
            process.issue(APP)
            with pytest.raises(LeaseLost):
                held.still_mine()
        assert process.due.leases.lost == 1


def test_a_fail_over_to_an_older_copy_loses_every_lease(
    own_valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("copy") / "older.rdb"
    with a_process(own_valkey) as process:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        own_valkey.snapshot(copy)
        with process.due.hold(APP, UID) as held:
            assert held
            epoch = process.heartbeat.state.epoch
            own_valkey.restore(copy)
            wait_for(
                lambda: process.heartbeat.state.epoch not in ("", epoch), "the new epoch", timeout_s=5, every_s=0.02
            )
            with pytest.raises(LeaseLost):
                held.still_mine()
            assert process.due.acquire(APP, UID, "token", process.heartbeat.state)[0] == "settling"
        process.issue(APP)
        with process.due.hold(APP, UID) as successor:
            assert successor


def test_entries_refused_too_early_come_back_long_before_their_redrive(own_valkey: Valkey) -> None:
    with a_process(own_valkey, replace(SHORT, redrive_s=600)) as process:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        process.client.delete(KEYS.alive(process.heartbeat.state.worker))
        with process.due.hold(APP, UID) as held:
            assert held is None
        process.issue(APP)


def test_a_dead_redis_is_an_error_of_ours_and_a_restarted_one_is_used_again(own_valkey: Valkey) -> None:
    with a_process(own_valkey) as process:
        own_valkey.kill()
        with pytest.raises(StoreUnavailable):
            process.due.request(APP, UID)
        own_valkey.start()
        process.due.request(APP, UID, "push", "prod")
        settle_down(process.due)
        process.issue(APP)


def test_an_unbeaten_process_cannot_hold(valkey: Valkey, process: Process) -> None:
    with a_process(valkey, beating=False) as api:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        with api.due.hold(APP, UID) as held:
            assert held is None


def test_a_stopped_process_frees_what_it_held(valkey: Valkey, process: Process) -> None:
    with a_process(valkey) as leaver:
        process.due.request(APP, UID, "push", "prod")
        process.issue(APP)
        leaver.due.acquire(APP, UID, "token", leaver.heartbeat.state)
    process.issue(APP)


def test_a_message_without_uid_gets_the_entry_with_the_uid_that_is_known(process: Process) -> None:
    process.due.request(APP, lane="push")
    process.issue(APP)
    process.due.request(APP, UID, "push", "prod")
    with process.due.hold(APP, "") as held:
        assert held
        assert held.uid == UID


def test_a_process_that_missed_a_change_of_epoch_gets_nothing(process: Process) -> None:
    process.due.request(APP)
    process.issue(APP)
    unaware = replace(process.heartbeat.state, epoch="1")
    assert process.due.acquire(APP, "", "token", unaware).why == "lapsed"
    assert process.due.acquire(APP, "", "token", process.heartbeat.state).why == "ok"
