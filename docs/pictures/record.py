"""Runs the README's walk-through against the sandbox of this checkout, and writes down what came out.

Both the blocks of the README and walkthrough.svg are made by it:

./dev down && ./dev up && .venv/bin/python docs/pictures/record.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

PROJECT = Path(__file__).resolve().parents[2]
README = PROJECT / "README.md"
PICTURE = Path(__file__).with_name("walkthrough.svg")
TITLE = "the walk-through of README.md, with the seconds that each command took"
COLUMNS = 112
TIMEOUT_S = 120.0

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
PROMPT = "$ "


@dataclass(frozen=True, slots=True)
class Ran:
    """One command and what it said, on both streams as a terminal shows them."""

    command: str
    output: str
    took_s: float


def main() -> int:
    """The exit code: 1 when a command failed, and then nothing is written."""
    readme = README.read_text()
    console = Console(record=True, width=COLUMNS, file=StringIO(), highlight=False)
    try:
        told = BLOCK.sub(lambda block: _told(block[1], console), readme)
    except subprocess.CalledProcessError as error:
        print(f"failed: {error.cmd}\n{error.stdout}", file=sys.stderr)
        return 1
    README.write_text(told)
    PICTURE.write_text(_without_web_fonts(console.export_svg(title=TITLE)))
    return 0


def _told(block: str, console: Console) -> str:
    """The block anew, with what its commands say today."""
    parts = []
    for ran in _run(block):
        _draw(ran, console)
        parts.append(f"{PROMPT}{ran.command}\n{ran.output}")
    console.print()
    return f"```console\n{''.join(parts)}```"


def _run(block: str) -> Iterator[Ran]:
    """Runs the commands of one block. Raises CalledProcessError."""
    for line in block.splitlines():
        if line.startswith(PROMPT):
            yield _ran(line.removeprefix(PROMPT))


def _ran(command: str) -> Ran:
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=PROJECT,
        env=_environment(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return Ran(command, "".join(f"{line}\n" for line in lines), time.monotonic() - began)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The reader's, after `export PATH="$PWD/.venv/bin:$PATH"`; wide enough that no line is folded."""
    kept = {name: value for name, value in environment.items() if not name.startswith("RECONCILER_")}
    kept.pop("KUBECONFIG", None)
    return {**kept, "PATH": f"{PROJECT / '.venv/bin'}:{environment['PATH']}", "COLUMNS": "200", "NO_COLOR": "1"}


def _draw(ran: Ran, console: Console) -> None:
    took = f"{ran.took_s:.1f} s"
    for line in textwrap.wrap(ran.command, COLUMNS - len(PROMPT) - 8, subsequent_indent="    "):
        started = line == ran.command or ran.command.startswith(line)
        prompt, right = (PROMPT, took) if started else (" " * len(PROMPT), "")
        gap = COLUMNS - len(prompt) - len(line) - len(right)
        console.print(Text.assemble((prompt, "green"), (line, "bold"), " " * gap, (right, "cyan")))
    for line in ran.output.splitlines():
        folded = textwrap.wrap(line, COLUMNS, subsequent_indent=" " * 11, break_on_hyphens=False) or [""]
        console.print(Text("\n".join(folded)))


def _without_web_fonts(picture: str) -> str:
    """It must not load anything from anywhere."""
    local = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL).replace("Fira Code, monospace", local)


if __name__ == "__main__":
    sys.exit(main())
