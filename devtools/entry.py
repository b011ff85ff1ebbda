"""The commands of `./dev`."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from devtools.checks import run_checks
from devtools.layout import PROJECT, PYTHON, TIE
from devtools.locks import write_locks
from devtools.setup import set_up
from devtools.steps import StepFailed, say
from devtools.surroundings import run_environment

Args = Sequence[str]


@dataclass(frozen=True, slots=True)
class Command:
    """What a command is for, and what runs it."""

    summary: str
    run: Callable[[Args], int]
    needs_setup: bool = True
    is_test: bool = False


def _module(name: str, *words: str) -> Callable[[Args], int]:
    """Run a Python module of the virtual environment with the words given here and those of the caller."""
    return lambda args: _python("-m", name, *words, *args)


def _python(*words: str, **environment: str) -> int:
    everything = {**run_environment(os.environ), **environment}
    tied = [str(PYTHON), "-IS", str(TIE), str(os.getpid()), str(PYTHON), *words]
    child = subprocess.Popen(tied, cwd=PROJECT, env=everything)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child got the signal too, and has things to end before it exits


def _down(args: Args) -> int:
    return _python("-m", "reconciler.sandbox", "down", *args) if PYTHON.exists() else 0


def _faults(args: Args) -> int:
    return _python("-m", "pytest", *FULL_COUNTS, *args, RECONCILER_FAULTS="full")


FULL_COUNTS = ("tests/faults", "tests/contract/test_read_index_property.py")
"""Tests that make few tries usually, and many when it counts."""

COMMANDS: Mapping[str, Command] = {
    "setup": Command(
        "install and build everything below the project folder (the others do it when needed)",
        lambda _: 0,
        is_test=True,
    ),
    "up": Command(
        "start three clusters, Git, Valkey, our processes and a sample fleet; returns when it has converged",
        _module("reconciler.sandbox", "up"),
    ),
    "poke": Command(
        "edit a live object by hand: east apps/v1/Deployment orders/orders-api spec.replicas=1",
        _module("reconciler.sandbox", "poke"),
    ),
    "kill": Command(
        "kill -9 one of our processes: worker-1, worker-2, beat, observer, api, flower",
        _module("reconciler.sandbox", "kill"),
    ),
    "down": Command("stop everything that up started", _down, needs_setup=False),
    "test": Command(
        "run the tests (small counts, fixed seeds); arguments go to pytest",
        _module("pytest", "-m", "not faults"),
        is_test=True,
    ),
    "check": Command("format, lint, types, imports, locks, generated files", lambda _: run_checks()),
    "bench": Command(
        "SCENARIO N: run a benchmark, which prints its figure, its probe and the ratio", _module("benchmarks")
    ),
    "faults": Command("run the fault tests with their full counts", _faults),
    "lock": Command("resolve the Python requirements anew (needs uv)", lambda _: write_locks(), needs_setup=False),
}


def main(argv: Sequence[str]) -> int:
    """Run one command. Returns an exit code."""
    if not argv or argv[0] not in COMMANDS:
        return _usage(asked=bool(argv) and argv[0] in ("-h", "--help", "help"))
    command = COMMANDS[argv[0]]
    try:
        if command.needs_setup:
            set_up(tests=command.is_test)
        return command.run(argv[1:])
    except StepFailed as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("stopped; the same command goes on from here")
        return 130


def _usage(*, asked: bool) -> int:
    say("usage: ./dev COMMAND [ARGUMENTS]\n")
    for name, command in COMMANDS.items():
        say(f"  {name:8}{command.summary}")
    return 0 if asked else 2
