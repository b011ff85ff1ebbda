"""The sandbox that all end-to-end tests of a session share; each takes Applications of its own."""

from __future__ import annotations

import pytest

from reconciler.sandbox.everything import Sandbox
from tests.support.fleet import Fleet


@pytest.fixture
def fleet(sandbox: Sandbox) -> Fleet:
    """The running fleet, with all processes of the sandbox up."""
    return Fleet(sandbox)
