"""kill -9 of each process in the middle of an operation: a successor goes on, and nothing is done twice or undone."""

from __future__ import annotations

import pytest

from tests.support.campaign import Campaign

pytestmark = pytest.mark.timeout(900)


def test_a_killed_worker_is_succeeded(campaign: Campaign) -> None:
    campaign.strike("kill -9 of a worker", lambda number: campaign.rig.kill(f"worker-{number % 2 + 1}"))


def test_a_killed_renderer_child_is_replaced(campaign: Campaign) -> None:
    campaign.strike(
        "kill -9 of a renderer child", lambda number: campaign.rig.kill_renderer(f"worker-{number % 2 + 1}")
    )


@pytest.mark.parametrize("process", ["beat", "observer", "api"])
def test_a_killed_process_is_missed_by_no_application(campaign: Campaign, process: str) -> None:
    campaign.strike(f"kill -9 of {process}", lambda _: campaign.rig.kill(process))
