"""The renderer's own tests, which need the Go tool chain; where the set-up built oracles they compare with those."""

from __future__ import annotations

import os
import subprocess
from shutil import which

import pytest

from devtools.surroundings import go_environment
from tests.support.prerequisites import lacking
from tests.support.renderer import PROJECT

LIMIT_S = 900


@pytest.mark.timeout(LIMIT_S)
def test_the_renderer_passes_its_own_tests() -> None:
    if not which("go"):
        lacking("there is no go to run the renderer's tests with")
    done = subprocess.run(
        ["go", "test", "-trimpath", "-timeout", f"{LIMIT_S // 2}s", "."],
        cwd=PROJECT / "renderer",
        env=go_environment(os.environ),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
