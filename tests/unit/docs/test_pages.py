"""What the pages say of the code is so: settings, links, commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr
from typer.main import get_command

from devtools.entry import COMMANDS as DEV_COMMANDS
from devtools.layout import PROJECT
from reconciler.cli.commands import group
from reconciler.cli.main import COMMANDS
from reconciler.settings import Settings

OPERATIONS = PROJECT / "docs" / "operations.md"
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])

SETTING = re.compile(r"^\| `RECONCILER_(\w+)` \| (.+?) \| ", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)")
CALL = re.compile(r"^\s*\$? ?(reconciler [a-z].*|\./dev [a-z].*)$", re.MULTILINE)


def shown(default: object) -> str:
    """A default as the table writes it."""
    plain = default.get_secret_value() if isinstance(default, SecretStr) else default
    if plain is None:
        return "none"
    if plain in ("", ()):
        return "empty"
    if isinstance(plain, bool):
        return f"`{str(plain).lower()}`"
    return f"`{plain:g}`" if isinstance(plain, float) else f"`{plain}`"


def test_every_setting_stands_in_the_operations_page_with_its_default() -> None:
    told = {name.lower(): default for name, default in SETTING.findall(OPERATIONS.read_text())}
    assert told == {name: shown(field.default) for name, field in Settings.model_fields.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_links_only_to_what_is_there(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def calls() -> Iterator[list[str]]:
    """Every command line of ours in a code block of a page."""
    for page in PAGES:
        blocks = re.findall(r"```(?:sh|console)\n(.*?)```", page.read_text(), re.DOTALL)
        yield from (line.split() for block in blocks for line in CALL.findall(block))


@pytest.mark.parametrize("words", list(calls()), ids=" ".join)
def test_a_page_names_only_commands_and_flags_that_exist(words: list[str]) -> None:
    program, *rest = words
    if program == "./dev":
        assert rest[0] in DEV_COMMANDS
        return
    command = get_command(group("", COMMANDS))
    while rest and isinstance(command, typer.core.TyperGroup):
        name = rest.pop(0)
        found = command.get_command(typer.Context(command), name)
        assert found is not None, name
        command = found
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known
