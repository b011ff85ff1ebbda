"""Rebuilding the due set after a wipe, on a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.errors import ClusterUnavailable
from reconciler.models.keys import EntryKey
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.due import Request
from reconciler.store.epoch import Epoch
from tests.support.store import KEYS, Process, a_process

FLEET = [Request(EntryKey("app", f"argocd/app-{number}"), f"uid-{number}", "timer", "prod") for number in range(1500)]


@pytest.fixture
def process(own_valkey: Valkey) -> Iterator[Process]:
    with a_process(own_valkey) as one:
        yield one


def epoch_of(process: Process) -> Epoch:
    return Epoch(process.client, KEYS, process.due)


def is_whole(process: Process) -> bool:
    """As the next heartbeat sees it."""
    process.heartbeat.beat()
    return epoch_of(process).is_whole


def test_a_new_server_is_not_whole_until_everything_was_requested(process: Process) -> None:
    assert not is_whole(process)
    assert epoch_of(process).rebuild(lambda: FLEET)
    assert is_whole(process)
    assert process.client.zcard(KEYS.due("timer", "prod")) == len(FLEET)


def test_the_fleet_comes_back_spread_over_time(process: Process) -> None:
    epoch_of(process).rebuild(lambda: FLEET)
    first, last = (process.client.zscore(KEYS.due("timer", "prod"), str(FLEET[n].entry)) for n in (0, -1))
    assert float(last or 0) - float(first or 0) > 10_000


def test_only_one_process_rebuilds_at_a_time(process: Process) -> None:
    epoch, inside = epoch_of(process), []

    def everything() -> Iterator[Request]:
        inside.append(epoch.rebuild(lambda: FLEET))
        yield from FLEET

    assert epoch.rebuild(everything)
    assert inside == [False]


def test_a_rebuild_that_fails_leaves_the_epoch_open_and_is_tried_again(process: Process) -> None:
    def everything() -> Iterator[Request]:
        yield FLEET[0]
        raise ClusterUnavailable("the control cluster does not answer")

    epoch = epoch_of(process)
    with pytest.raises(ClusterUnavailable):
        epoch.rebuild(everything)
    assert not is_whole(process)
    assert epoch.rebuild(lambda: FLEET)


def test_a_wipe_during_the_rebuild_makes_it_count_for_nothing(own_valkey: Valkey, process: Process) -> None:
    def everything() -> Iterator[Request]:
        yield from FLEET[:1200]
        own_valkey.flush()
        yield from FLEET[1200:]

    epoch, before = epoch_of(process), process.heartbeat.state.epoch
    assert not epoch.rebuild(everything)
    wait_for(lambda: process.heartbeat.state.epoch not in ("", before), "the new epoch", timeout_s=5)
    assert not epoch.is_whole
    assert epoch.rebuild(lambda: FLEET)


def test_a_wipe_makes_a_whole_epoch_open_again(own_valkey: Valkey, process: Process) -> None:
    epoch = epoch_of(process)
    assert epoch.rebuild(lambda: FLEET)
    own_valkey.flush()
    wait_for(lambda: not epoch.is_whole, "the loss to be noticed", timeout_s=5)
