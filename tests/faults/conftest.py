"""One rig for all fault runs: started once, hit again and again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.sandbox.places import NotBuilt
from tests.support.campaign import FULL, Campaign, Ledger
from tests.support.prerequisites import lacking
from tests.support.rig import Rig, a_rig


@pytest.fixture(scope="session")
def ledger() -> Iterator[Ledger]:
    """The record of the session; with full counts it becomes docs/faults.md."""
    record = Ledger()
    yield record
    if FULL and (record.rows or record.guards):
        record.write()


@pytest.fixture(scope="session")
def _session_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    try:
        with a_rig(tmp_path_factory.mktemp("rig")) as rig:
            rig.converge()
            yield rig
    except NotBuilt as error:
        lacking(str(error))


@pytest.fixture
def rig(_session_rig: Rig) -> Rig:
    """The rig, converged: what an earlier test did to it must not be blamed on this one."""
    _session_rig.converge()
    return _session_rig


@pytest.fixture
def campaign(rig: Rig, ledger: Ledger) -> Campaign:
    return Campaign(rig, ledger, rig.complaints())
