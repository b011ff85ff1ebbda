"""Git is down, crawls or refuses: what is deployed stays and is kept so, and the next commit comes once Git is back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.sandbox.githttp import GitFaults
from tests.support.campaign import Campaign
from tests.support.rig import Rig

pytestmark = pytest.mark.timeout(900)

HEALED_S = 10.0


def without_git(rig: Rig, begin: Callable[[], object], end: Callable[[], object]) -> float:
    """Pushes and heals during an outage; seconds until the push is live after it."""
    begin()
    try:
        before = dict(rig.wanted)
        assert rig.healed_s("app-0") < HEALED_S
        rig.push()
        rig.wanted, newest = before, rig.wanted
        assert rig.healed_s("app-4") < HEALED_S
        rig.wanted = newest
    finally:
        end()
    return rig.converge()


def with_faults(rig: Rig, faults: GitFaults) -> float:
    git = rig.sandbox.git

    def put(value: GitFaults) -> None:
        git.faults = value

    return without_git(rig, lambda: put(faults), lambda: put(GitFaults()))


def test_git_that_is_down_stops_no_healing(campaign: Campaign) -> None:
    git = campaign.rig.sandbox.git
    campaign.outage("Git down", lambda _: without_git(campaign.rig, git.stop, git.start))


def test_git_that_refuses_stops_no_healing(campaign: Campaign) -> None:
    campaign.outage("Git answers 503", lambda _: with_faults(campaign.rig, GitFaults(status=503)))


def test_git_that_crawls_stops_no_healing(campaign: Campaign) -> None:
    campaign.outage("Git at 1 byte/s", lambda _: with_faults(campaign.rig, GitFaults(bytes_per_s=1)))
