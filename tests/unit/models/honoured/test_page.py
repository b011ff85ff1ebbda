"""docs/objects.md says what the table says."""

from pathlib import Path

import pytest

from reconciler.models.honoured import TABLE, page

DOCUMENT = Path(__file__).parents[4] / "docs" / "objects.md"


def test_the_document_is_made_from_the_table() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == page.page()


def test_every_row_is_on_the_page() -> None:
    lines = page.page().splitlines()
    assert sum(line.startswith("| `") for line in lines) == len(TABLE)


def test_check_names_a_page_that_somebody_edited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "objects.md"
    assert page.main([str(path)]) == 0
    assert page.main(["--check", str(path)]) == 0
    path.write_text("edited", encoding="utf-8")
    assert page.main(["--check", str(path)]) == 1
    assert "objects.md" in capsys.readouterr().err
