"""The file by which probes see progress."""

import os
from pathlib import Path

from reconciler.liveness import Liveness

LONG_AGO = 1_000_000.0


def test_the_file_is_touched_only_when_the_loop_comes_round(tmp_path: Path) -> None:
    own, file = Liveness(), tmp_path / "data" / "alive-worker"
    with own.shown(tmp_path / "data", "worker"):
        os.utime(file, (LONG_AGO, LONG_AGO))
        assert file.stat().st_mtime == LONG_AGO
        own.made_progress()
        assert file.stat().st_mtime > LONG_AGO
    assert not file.exists()


def test_a_process_that_shows_nothing_may_make_progress_all_the_same(tmp_path: Path) -> None:
    Liveness().made_progress()
    assert list(tmp_path.iterdir()) == []
