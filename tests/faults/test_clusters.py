"""One destination dies, hangs, refuses or comes back empty: nobody else notices, and it is whole soon after."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.support.campaign import FULL, Campaign
from tests.support.faultproxy import Misbehaviour
from tests.support.rig import Rig

pytestmark = pytest.mark.timeout(900)

SICK, SOUND = "west", "east"
LASTS_S = 60.0 if FULL else 5.0
UNAFFECTED_S = 3.0
"""A push may take this much longer on a sound cluster than it did before: the box has two cores for everything."""


def through(rig: Rig, begin: Callable[[], object], end: Callable[[], object]) -> float:
    """Pushes during an outage of one cluster; seconds until it has caught up afterwards."""
    usual_s = rig.timed_push(SOUND)
    rig.converge()
    begin()
    try:
        ends = time.monotonic() + LASTS_S
        while time.monotonic() < ends:
            assert rig.timed_push(SOUND) < usual_s + UNAFFECTED_S
            time.sleep(1)
        assert operations_that_failed(rig) == []
    finally:
        end()
    return rig.converge()


def operations_that_failed(rig: Rig) -> list[str]:
    """Applications on the sick cluster whose last operation was ended by what is nobody's fault."""
    states = {app: (rig.applications()[app]["status"].get("operationState") or {}) for app in rig.apps_on(SICK)}
    return [f"{app}: {state['message']}" for app, state in states.items() if state.get("phase") in ("Failed", "Error")]


def misbehaving(rig: Rig, faults: Misbehaviour) -> float:
    """The same, with what the proxy does instead of passing requests on."""

    def put(value: Misbehaviour) -> None:
        rig.proxy.asked.clear()
        rig.proxy.faults = value

    return through(rig, lambda: put(faults), lambda: put(Misbehaviour()))


def test_a_cluster_that_comes_back_empty_is_filled_again_without_a_command(campaign: Campaign) -> None:
    campaign.strike("a destination replaced by an empty one", lambda _: campaign.rig.replace_by_empty(SOUND), full=3)


def test_a_dead_cluster_hurts_nobody_else(campaign: Campaign) -> None:
    plane = campaign.rig.sandbox.destinations[SICK]
    campaign.outage("a destination dead", lambda _: through(campaign.rig, plane.kill, plane.start))


def test_a_black_hole_hurts_nobody_else(campaign: Campaign) -> None:
    plane = campaign.rig.sandbox.destinations[SICK]
    campaign.outage("a destination black-holed", lambda _: through(campaign.rig, plane.pause, plane.resume))


def test_a_cluster_that_asks_for_patience_is_left_in_peace(campaign: Campaign) -> None:
    faults = Misbehaviour(status=429, retry_after_s=5)

    def run(_: int) -> float:
        return misbehaving(campaign.rig, faults)

    campaign.outage("a destination answers 429, Retry-After 5", run)


def test_a_cluster_that_fails_at_random_is_neither_emptied_nor_given_up(campaign: Campaign) -> None:
    faults = Misbehaviour(status=503, share=0.3)
    campaign.outage("a destination answers 30 % with 503", lambda _: misbehaving(campaign.rig, faults))
