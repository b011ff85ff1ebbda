"""Commands are functions of values; their dataclasses become flags."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import pytest
import typer

from reconciler.cli.commands import command, group
from reconciler.cli.main import COMMANDS

SEEN: list[tuple[str, Flags, bool]] = []


@dataclass(frozen=True, slots=True)
class Flags:
    """Two flags."""

    colour: Annotated[str, typer.Option("--colour", "-c")] = "blue"
    tag: Annotated[list[str] | None, typer.Option()] = None


@command("do it", "do it [again]")
def do(name: Annotated[str, typer.Argument()], flags: Flags, twice: bool = False) -> None:
    """Does it."""
    SEEN.append((name, flags, twice))


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    SEEN.clear()
    yield
    SEEN.clear()


def run(app: typer.Typer, *argv: str) -> None:
    typer.main.get_command(app).main(args=list(argv), prog_name="test", standalone_mode=False)


def test_fields_of_a_dataclass_become_options_and_come_back_as_one_value() -> None:
    run(do, "it", "-c", "red", "--tag", "a", "--tag", "b", "--twice")
    [seen] = SEEN
    assert seen == ("it", Flags("red", ["a", "b"]), True)


def test_options_that_are_not_given_keep_the_dataclass_defaults() -> None:
    run(do, "it")
    [(_, flags, twice)] = SEEN
    assert (flags.colour, flags.tag or None, twice) == ("blue", None, False)


def test_examples_stand_below_the_help_as_they_were_written(capsys: pytest.CaptureFixture[str]) -> None:
    run(do, "--help")
    help_text = capsys.readouterr().out
    assert "Does it." in help_text
    assert "$ do it [again]" in help_text


def test_a_group_imports_only_what_is_called() -> None:
    here = "tests.unit.cli.test_commands"
    sys.modules.setdefault(here, sys.modules[__name__])
    members = group("Things.", {"do": f"{here}:do", "broken": "no.such.module:x"})
    run(members, "do", "it")
    assert len(SEEN) == 1


def leaves(app: typer.Typer, *path: str) -> Iterator[tuple[tuple[str, ...], typer.Typer]]:
    table = getattr(app.info.cls, "table", {})
    for name, target in table.items():
        module, _, attribute = target.partition(":")
        member = getattr(import_module(module), attribute)
        yield from leaves(member, *path, name)
    if not table:
        yield path, app


def every_command() -> list[tuple[tuple[str, ...], typer.Typer]]:
    return sorted(leaves(group("", COMMANDS)), key=lambda found: found[0])


@pytest.mark.parametrize(
    ("path", "app"), every_command(), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_explains_itself_and_gives_an_example(
    path: tuple[str, ...], app: typer.Typer, capsys: pytest.CaptureFixture[str]
) -> None:
    run(app, "--help")
    text = capsys.readouterr().out
    assert "Examples" in text
    assert f"reconciler {' '.join(path)}" in " ".join(text.split())


def test_the_commands_are_those_that_were_promised() -> None:
    names = {" ".join(path) for path, _ in every_command()}
    verbs = "list get why create diff sync wait history rollback terminate-op refresh resources events delete"
    promised = {f"app {verb}" for verb in (*verbs.split(), "explain-render")}
    promised |= {"app actions list", "app actions run"}
    promised |= {f"{noun} {verb}" for noun in ("cluster", "repo") for verb in ("add", "list")}
    promised |= {f"{verb} {noun}" for verb in ("adopt", "release") for noun in ("application", "project")}
    promised |= {
        "render",
        "generate",
        "health",
        "plan",
        "shadow report",
        "doctor",
        "beat",
        "worker",
        "observe",
        "api",
        "flower",
        "alive",
    }
    assert names == promised
