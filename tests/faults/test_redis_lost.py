"""Redis forgets everything, or remembers an older time, in the middle of an operation: only latency is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.campaign import Campaign

pytestmark = pytest.mark.timeout(900)


def test_a_flush_in_the_middle_loses_nothing(campaign: Campaign) -> None:
    campaign.strike("FLUSHALL", lambda _: campaign.rig.sandbox.valkey.flush(), full=10)


def test_a_server_that_comes_back_empty_loses_nothing(campaign: Campaign) -> None:
    campaign.strike("Valkey killed, restarted empty", lambda _: campaign.rig.sandbox.valkey.restart(empty=True))


def test_a_fail_over_to_an_older_copy_brings_nothing_old_back(campaign: Campaign, tmp_path: Path) -> None:
    rig, older = campaign.rig, tmp_path / "older.rdb"
    rig.sandbox.valkey.snapshot(older)
    rig.push()
    rig.converge()
    campaign.strike(
        "Valkey failed over to a copy some commits old", lambda _: rig.sandbox.valkey.restore(older), full=10
    )


def test_a_fail_over_while_nothing_goes_on_undoes_no_deployment(campaign: Campaign, tmp_path: Path) -> None:
    """The copy names an older commit as the newest, and whoever believes it deploys that."""
    rig, older = campaign.rig, tmp_path / "older.rdb"

    def fail_over(_: int) -> float:
        rig.sandbox.valkey.snapshot(older)
        for _ in range(2):
            rig.push()
            rig.converge()
        rig.sandbox.valkey.restore(older)
        rig.until_rebuilt()
        return rig.converge()

    campaign.outage("Valkey failed over to an older copy while nothing went on", fail_over, full=3)
