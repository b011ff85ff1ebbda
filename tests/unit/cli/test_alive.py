"""A probe looks at progress, not at a port."""

import os
import time
from pathlib import Path

import pytest

from reconciler.cli.main import main


@pytest.mark.parametrize(("age_s", "code"), [(0.0, 0), (29.0, 0), (40.0, 1), (None, 1)])
def test_a_process_lives_as_long_as_its_file_is_fresh(
    age_s: float | None, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_DATA_DIR", str(tmp_path))
    if age_s is not None:
        file = tmp_path / "alive-worker"
        file.touch()
        os.utime(file, (time.time() - age_s,) * 2)
    assert main(["alive", "worker"]) == code


def test_another_role_has_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_DATA_DIR", str(tmp_path))
    (tmp_path / "alive-worker").touch()
    assert main(["alive", "beat"]) == 1
