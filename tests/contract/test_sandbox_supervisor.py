"""The supervisor keeps real processes running and ends them all."""

import os
import signal
import sys
from pathlib import Path

from reconciler.sandbox.supervisor import ProcessSpec, Supervisor
from reconciler.sandbox.waiting import wait_for

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
)


def test_a_killed_process_is_started_again_and_its_new_id_is_told(tmp_path: Path) -> None:
    told: list[dict[str, int]] = []
    env = dict(os.environ)
    supervisor = Supervisor(tmp_path, [ProcessSpec("a", SLEEP, env)], on_change=lambda pids: told.append(dict(pids)))
    supervisor.start()
    try:
        first = supervisor.pids["a"]
        supervisor.child("a").signal(signal.SIGKILL)
        wait_for(lambda: supervisor.pids["a"] != first, "a successor", timeout_s=10)
        wait_for(lambda: len(told) == 2, "the news", timeout_s=10)
        assert [pids["a"] for pids in told] == [first, supervisor.pids["a"]]
    finally:
        supervisor.stop()
    assert supervisor.child("a").exit_code == -signal.SIGTERM


def test_what_does_not_end_on_sigterm_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, [ProcessSpec("stubborn", STUBBORN, dict(os.environ))])
    supervisor.start()
    wait_for(lambda: "up" in supervisor.child("stubborn").last_words(), "the process", timeout_s=30)
    supervisor.stop(grace_s=0.2)
    assert supervisor.child("stubborn").exit_code == -signal.SIGKILL
