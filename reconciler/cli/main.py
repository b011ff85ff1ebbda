"""`reconciler`: finds the command, runs it, and turns what goes wrong into one sentence and an exit code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
import typer

from reconciler.cli.commands import group
from reconciler.cli.output import complain
from reconciler.cli.problems import EXIT_CODES, INTERRUPTED, SUCCESS, USAGE, exit_code
from reconciler.errors import ReconcilerError

COMMANDS: Final[Mapping[str, str]] = {
    "app": "reconciler.cli.app:applications",
    "cluster": "reconciler.cli.clusters:clusters",
    "repo": "reconciler.cli.repositories:repositories",
    "render": "reconciler.cli.render:render",
    "health": "reconciler.cli.health:health",
    "plan": "reconciler.cli.plan:plan",
    "generate": "reconciler.cli.generate:generate",
    "shadow": "reconciler.cli.shadow:shadow",
    "adopt": "reconciler.cli.adoption:adopt",
    "release": "reconciler.cli.adoption:give_back",
    "doctor": "reconciler.cli.doctor:doctor",
    "beat": "reconciler.cli.processes:beat",
    "worker": "reconciler.cli.processes:worker",
    "observe": "reconciler.cli.processes:observe",
    "api": "reconciler.cli.processes:api",
    "flower": "reconciler.cli.processes:flower",
    "alive": "reconciler.cli.alive:alive",
}

ABOUT = f"Git holds what clusters should run; this makes them match.\n\n{EXIT_CODES}"

# The library vendors its parser and exports only some of its errors; this is their common base.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code."""
    root = typer.main.get_command(group(ABOUT, COMMANDS))
    try:
        with _logs_beside_the_answer():
            code = root.main(args=None if argv is None else list(argv), prog_name="reconciler", standalone_mode=False)
    except ReconcilerError as error:
        complain(str(error))
        return exit_code(error)
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        return INTERRUPTED
    except UsageError as error:
        complain(_usage(error))
        return USAGE
    return code if isinstance(code, int) else SUCCESS


@contextmanager
def _logs_beside_the_answer() -> Iterator[None]:
    """Standard output belongs to the answer: what is logged by the way must not end up inside `-o json`."""
    before = structlog.get_config()
    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _usage(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "reconciler"
    said = getattr(error, "format_message", lambda: str(error))()
    return f"{said.rstrip('.')}; see {path} --help" if said else f"incomplete command; see {path} --help"
