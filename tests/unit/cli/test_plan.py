"""`plan`, from files to what people and programs read."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.main import main
from tests.unit.plan.given import a_map, an_app, annotated, live

NOON = "2026-05-04T12:00:00Z"


def written(folder: Path, name: str, *bodies: Any) -> str:
    path = folder / name
    path.write_text(yaml.safe_dump_all(bodies))
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """An application that prunes by itself: one object has drifted, one is new, one is no longer wanted."""
    red = live(a_map("web", colour="red"))
    old = annotated(live(a_map("old")))
    app = an_app(automated={"prune": True}).to_json()
    return [
        *("--app", written(tmp_path, "app.yaml", app)),
        *("--desired", written(tmp_path, "desired.yaml", a_map("web").body, a_map("new").body)),
        *("--live", written(tmp_path, "live.yaml", {"kind": "List", "items": [red.body, old.body]})),
        *("--at", NOON),
    ]


def told(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["plan", *argv]) == 0
    return capsys.readouterr().out


def test_people_read_verdicts_differences_and_steps_in_order(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, *files).splitlines() == [
        "OutOfSync, Healthy",
        "├─ + ConfigMap/shop/new: OutOfSync, Missing, does not exist",
        "├─ ~ ConfigMap/shop/web: OutOfSync, differs in data.colour",
        "│      data.colour: live=red desired=blue  (argocd-controller)",
        "└─ - ConfigMap/shop/old: OutOfSync, is not in the desired state",
        "Start a sync: 3 writes",
        "├─ 1. prune ConfigMap/shop/old: no longer in the sources",
        "├─ 2. create ConfigMap/shop/new: does not exist",
        "└─ 3. apply ConfigMap/shop/web: differs in data.colour",
    ]


def test_programs_read_the_same_as_json(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(capsys, *files, "-o", "json"))
    assert (found["sync"], found["health"], found["decision"]) == ("OutOfSync", "Healthy", "StartSync")
    assert [(step["phase"], step["wave"], step["action"], step["name"], step["hook"]) for step in found["steps"]] == [
        ("Sync", 0, "prune", "old", None),
        ("Sync", 0, "create", "new", None),
        ("Sync", 0, "apply", "web", None),
    ]
    by_name = {item["name"]: item for item in found["objects"]}
    assert by_name["web"]["differences"][0]["path"] == "data.colour"
    assert by_name["new"]["health"] == {"status": "Missing", "message": ""}


def test_the_rules_of_a_project_and_the_settings_count(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = {"kind": "deny", "schedule": "0 11 * * *", "duration": "2h", "applications": ["*"]}
    spec = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], "syncWindows": [window]}
    project = {"kind": "AppProject", "metadata": {"name": "default", "namespace": "argocd"}, "spec": spec}
    held = told(capsys, *files, "--project", written(tmp_path, "project.yaml", project))
    assert held.splitlines()[-2:] == ["Do nothing: Sync operation blocked by sync window", "again in 3600 s"]

    ignoring = {"resource.customizations.ignoreDifferences.ConfigMap": "jsonPointers: [/data/colour]"}
    found = told(capsys, *files, "--settings", written(tmp_path, "cm.yaml", ignoring))
    assert "= ConfigMap/shop/web: Synced" in found


def test_without_live_objects_everything_is_created(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    del files[4:6]
    assert told(capsys, *files).count("create ConfigMap/shop/") == 2


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--at", "noon"], "'noon' is no time"),
        (["--desired", "/nowhere.yaml"], "/nowhere.yaml: No such file"),
        (["--name", "other"], "the file holds no Application other"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(
    files: list[str], argv: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *files, *argv]) == 1
    assert complaint in capsys.readouterr().err


def test_kinds_without_a_namespace_get_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "zones.example.com"},
        "spec": {"group": "example.com", "scope": "Cluster", "names": {"kind": "Zone", "plural": "zones"}},
    }
    zone = {"apiVersion": "example.com/v1", "kind": "Zone", "metadata": {"name": "north"}}
    app = written(tmp_path, "app.yaml", an_app(automated={}).to_json())
    found = told(capsys, "--app", app, "--desired", written(tmp_path, "d.yaml", role, definition, zone))
    assert "create rbac.authorization.k8s.io/ClusterRole/reader" in found
    assert "create example.com/Zone/north" in found
