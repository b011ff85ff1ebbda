"""What `health` reads and prints."""

import json
from pathlib import Path

import pytest

from reconciler.cli.health import lines_of, settings_in
from reconciler.cli.main import main
from reconciler.cli.problems import Problem
from reconciler.plan.lens import Lens

OBJECTS = """\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web}
status: {conditions: [{type: Ready, status: "False", message: expired}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
"""


def test_each_object_is_a_line_and_one_without_health_has_none() -> None:
    bodies = [{"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}} for kind in ("Service", "ConfigMap")]
    assert [json.loads(line) for line in lines_of(bodies, Lens())] == [
        {"status": "Healthy", "message": ""},
        {"status": None, "message": ""},
    ]


def test_a_file_is_judged_without_a_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text(OBJECTS)
    assert main(["health", str(file)]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"status": "Degraded", "message": "expired"},
        {"status": None, "message": ""},
    ]


@pytest.mark.parametrize("text", ["kind: ConfigMap\ndata: {url: x}", "url: x"])
def test_settings_are_a_config_map_or_its_data(tmp_path: Path, text: str) -> None:
    file = tmp_path / "argocd-cm.yaml"
    file.write_text(text)
    assert settings_in(file) == {"url": "x"}


@pytest.mark.parametrize("text", ["a: {b: c}", "a: b\n---\nc: d"])
def test_what_is_no_settings_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "argocd-cm.yaml"
    file.write_text(text)
    with pytest.raises(Problem):
        settings_in(file)
