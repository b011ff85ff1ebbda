"""What a machine may lack: in CI its absence is a failure, elsewhere the test is skipped."""

import os
from typing import NoReturn

import pytest


def lacking(what: str) -> NoReturn:
    """Skip the running test, or fail it where CI=true: a green CI run has seen everything."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"missing in CI: {what}", pytrace=False)
    pytest.skip(what)
