"""The definitions in deploy/crds are those that the models say."""

from pathlib import Path

import pytest

from reconciler.models import crds

DEPLOYED = Path(__file__).parents[3] / "deploy" / "crds"


def test_the_files_in_deploy_are_made_from_the_models() -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in DEPLOYED.iterdir()} == crds.files()


def test_check_names_a_file_that_somebody_edited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert crds.main([str(tmp_path)]) == 0
    assert crds.main(["--check", str(tmp_path)]) == 0
    (tmp_path / "application-crd.yaml").write_text("edited", encoding="utf-8")
    assert crds.main(["--check", str(tmp_path)]) == 1
    assert "application-crd.yaml" in capsys.readouterr().err


def test_a_choice_that_a_definition_cannot_express_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot say"):
        crds.structural({"anyOf": [{"type": "string"}, {"type": "object"}]}, {})
