"""Answers for people and for programs."""

import json

import pytest
import yaml

from reconciler.cli.output import complain, dump, facts, note, say, table

CONTENT = [{"name": "a: b", "text": "no", "long": "x" * 300}]


def test_json_and_yaml_can_be_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    dump(CONTENT, "json")
    assert json.loads(capsys.readouterr().out) == CONTENT
    dump(CONTENT, "yaml")
    assert yaml.safe_load(capsys.readouterr().out) == CONTENT


def test_nothing_is_cut_off_or_coloured_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    table(("NAME", "SYNC"), [("x" * 300, "Synced"), ("[red]", "OutOfSync")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [f"{'NAME':<300}  SYNC", f"{'x' * 300}  Synced", f"{'[red]':<300}  OutOfSync"]


def test_facts_without_a_value_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    facts([("Name", "web"), ("Refresh", ""), ("Sync", "Synced at 1111111")])
    assert capsys.readouterr().out == "Name: web\nSync: Synced at 1111111\n"


def test_remarks_and_errors_stay_out_of_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    note("by the way")
    complain("it broke")
    say("the answer")
    captured = capsys.readouterr()
    assert captured.out == "the answer\n"
    assert captured.err == "by the way\nerror: it broke\n"


def test_no_color_is_honoured_on_a_terminal_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    table(("SYNC",), [("Synced",)])
    assert "\x1b[32m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    table(("SYNC",), [("Synced",)])
    assert "\x1b[32m" not in capsys.readouterr().out
