"""`./dev check`: a table of commands, run one after the other; all of them, even after a failure."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from devtools.layout import PROJECT, PYTHON
from devtools.setup import go_program
from devtools.steps import say
from devtools.surroundings import go_environment

TYPED = ("reconciler", "workers", "beat_schedule.py", "devtools", "tests", "benchmarks", "docs/pictures")


@dataclass(frozen=True, slots=True)
class Check:
    """A command that succeeds when all is well; skipped as long as `needs` does not exist."""

    name: str
    command: tuple[str, ...]
    needs: str = "."
    folder: str = "."


def _python(*words: str) -> tuple[str, ...]:
    return (str(PYTHON), *words)


def checks() -> Sequence[Check]:
    """The table. A generated file has its row here, with a command that fails when it is out of date."""
    typed = [path for path in TYPED if (PROJECT / path).exists()]
    go = str(go_program())
    return (
        Check("format", _python("-m", "ruff", "format", "--check", "--quiet")),
        Check("lint", _python("-m", "ruff", "check", "--quiet")),
        Check("types", _python("-m", "mypy", "--strict", *typed)),
        Check("imports", (str(PYTHON.with_name("lint-imports")), "--no-logo"), needs="beat_schedule.py"),
        Check("locks", _python("-m", "devtools.locks", "--check")),
        Check("custom resource definitions", _python("-m", "reconciler.models.crds", "--check"), needs="deploy/crds"),
        Check("table of objects", _python("-m", "reconciler.models.honoured.page", "--check"), needs="docs/objects.md"),
        Check("go vet", (go, "vet", "-trimpath", "./..."), needs="renderer/go.mod", folder="renderer"),
    )


def run_checks() -> int:
    """Run the table. Returns an exit code; the names of what failed stand in the last line."""
    failed = [check.name for check in checks() if (PROJECT / check.needs).exists() and not _passes(check)]
    say(f"checks failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def _passes(check: Check) -> bool:
    started = time.monotonic()
    environment = go_environment(os.environ)
    done = subprocess.run(
        check.command, cwd=PROJECT / check.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        print(done.stdout.decode(errors="replace"), end="", flush=True)
    say(f"{check.name}: {'failed' if done.returncode else 'ok'}", since=started)
    return done.returncode == 0
