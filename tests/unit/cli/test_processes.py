"""A process command becomes the process."""

import os
import sys

import pytest

from reconciler.cli.main import main


class Became(BaseException):
    """Stands for a process that is another one from here on."""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("beat", ["workers", "beat"]),
        ("worker", ["workers", "worker"]),
        ("observe", ["workers", "observe"]),
        ("flower", ["workers", "flower"]),
        ("api", ["reconciler.api"]),
    ],
)
def test_the_command_is_replaced_by_the_module_that_does_the_work(
    name: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def become(program: str, argv: list[str]) -> None:
        assert (program, argv) == (sys.executable, [sys.executable, "-m", *words])
        raise Became

    monkeypatch.setattr(os, "execv", become)
    with pytest.raises(Became):
        main([name])
