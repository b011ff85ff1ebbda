import re

import pytest

from devtools import python
from devtools.entry import COMMANDS, main
from devtools.layout import PROJECT
from devtools.steps import Runner, StepFailed


def test_an_unknown_command_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frobnicate"]) == 2
    shown = capsys.readouterr().err
    assert all(f"  {name}" in shown for name in COMMANDS)


def test_asking_for_help_is_no_error() -> None:
    assert main(["--help"]) == 0


def test_the_makefile_forwards_every_command_and_knows_no_other() -> None:
    names = re.search(r"^COMMANDS := (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert names is not None
    assert set(names[1].split()) == COMMANDS.keys() - {"poke", "kill"}


def test_a_python_without_ensurepip_is_told_the_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(StepFailed, match=r"sudo apt-get install -y python3\.\d+-venv"):
        python._make_environment(Runner.__new__(Runner))
