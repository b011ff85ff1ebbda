"""More hands than there should be: two workers given one application, two beats, a worker that slept too long."""

from __future__ import annotations

import signal

import pytest

from tests.support.campaign import Campaign
from tests.support.doubles import a_second_beat, doubled_messages

pytestmark = pytest.mark.timeout(900)


def nothing(_: int) -> None:
    """Only what goes on beside the operation counts."""


def test_two_workers_given_one_application_do_not_both_act(campaign: Campaign) -> None:
    with doubled_messages(campaign.rig.sandbox, list(campaign.rig.places)):
        campaign.strike("each application given to both workers, all the time", nothing, full=10)


def test_two_beats_do_no_harm(campaign: Campaign) -> None:
    with a_second_beat(campaign.rig.sandbox) as beat:
        campaign.strike("two beats", nothing, full=10)
        assert beat.exit_code is None, beat.last_words()


def test_one_of_two_beats_may_die(campaign: Campaign) -> None:
    with a_second_beat(campaign.rig.sandbox):
        campaign.strike("kill -9 of one of two beats", lambda _: campaign.rig.kill("beat"), full=5)


def test_a_worker_that_slept_longer_than_its_lease_writes_nothing_more(campaign: Campaign) -> None:
    """Frozen in the middle, succeeded, overtaken by a newer commit, and woken again."""
    rig = campaign.rig
    supervisor = rig.sandbox.supervisor
    assert supervisor is not None

    def freeze(number: int) -> None:
        worker = supervisor.child(f"worker-{number % 2 + 1}")
        worker.signal(signal.SIGSTOP)
        try:
            rig.converge()
            rig.push()
            rig.converge()
        finally:
            worker.signal(signal.SIGCONT)

    campaign.strike("a worker frozen for longer than its lease, and woken after a newer commit", freeze, full=5)
