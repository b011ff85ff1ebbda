"""What a command prints: tables and sentences for people, JSON and YAML for programs. NO_COLOR is honoured by rich."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TextIO

import orjson
import typer
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

Output = Literal["text", "json", "yaml"]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print the answer.")]

UNBOUNDED_COLUMNS: Final = 100_000
"""Width where nobody looks at a screen: a pipe must not get cut-off lines."""

STYLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Synced", "Healthy", "Succeeded", "ok", "same"), "green"),
    **dict.fromkeys(("OutOfSync", "Progressing", "Running", "Missing", "Suspended", "warn"), "yellow"),
    **dict.fromkeys(("Degraded", "Failed", "Error", "Unknown", "fail", "different"), "red"),
}
"""Colour by word, in tables."""


def console(stream: TextIO | None = None) -> Console:
    """A console on standard output, or on another stream."""
    stream = stream or sys.stdout
    width = None if stream.isatty() else UNBOUNDED_COLUMNS
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(*lines: str) -> None:
    """Prints lines for people on standard output."""
    for line in lines:
        console().print(line)


def note(line: str) -> None:
    """A remark beside the answer, on standard error."""
    console(sys.stderr).print(line, style="dim")


def complain(sentence: str) -> None:
    """What went wrong, in one sentence on standard error."""
    console(sys.stderr).print(Text.assemble(("error: ", "bold red"), sentence))


def dump(value: Any, output: Output) -> None:
    """Prints a value as JSON, or as YAML."""
    if output == "json":
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    else:
        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=UNBOUNDED_COLUMNS).rstrip("\n")
    sys.stdout.write(text + "\n")
    # Here a reader that has gone away ends the command quietly; at exit Python would complain about it.
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows under headings, without a frame."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell, STYLES.get(cell, "")) for cell in row))
    screen = console()
    screen.soft_wrap = False
    screen.print(drawn)


def verdict(level: str, subject: str, said: str, mend: str = "") -> None:
    """Prints one finding, and below it how to mend what is wrong."""
    console().print(Text.assemble((f"{level:<5}", STYLES.get(level, "")), (subject, "bold"), f": {said}"))
    if mend:
        console().print(f"     → {mend}")


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Prints named values one below the other; those without a value are left out."""
    known = [(name, value) for name, value in pairs if value]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        first = value.split(" ", 1)[0]
        console().print(Text.assemble((f"{name + ':':<{width + 2}}", "bold"), (value, STYLES.get(first, ""))))
