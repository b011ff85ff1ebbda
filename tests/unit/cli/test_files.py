"""YAML files that people hand in."""

import io
from pathlib import Path

import pytest

from reconciler.cli.files import read_objects
from reconciler.cli.problems import Problem


def test_documents_and_lists_are_taken_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("kind: A\n---\n---\nkind: List\nitems: [{kind: B}, {kind: C}]\n")
    assert [body["kind"] for body in read_objects(file)] == ["A", "B", "C"]


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("kind: A"))
    assert read_objects(Path("-")) == [{"kind": "A"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [("kind: [A\n", r"a.yaml is no YAML: line \d"), ("just text\n", "holds something that is no object")],
)
def test_a_broken_file_is_named_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    with pytest.raises(Problem, match=said):
        read_objects(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="No such file"):
        read_objects(tmp_path / "gone.yaml")
