"""Which tool a source is for."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import SpecError
from reconciler.models.keys import RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.models.toolsettings import tool_settings_of
from reconciler.render.readset import ReadLog, Sight
from reconciler.render.tools.detect import explicit_type, source_type
from tests.support.trees import MemoryTree

REPO = RepoUrl("https://git.corp/a")
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def found(*names: str, settings: dict[str, str] | None = None, **source: Any) -> str:
    spec = ApplicationSource.model_validate({"repoURL": REPO, "path": "app", **source})
    sight = Sight(MemoryTree({f"app/{name}": "" for name in (*names, "a.yaml")}))
    return source_type(spec, "app", tool_settings_of(settings or {}), sight, ReadLog(REPO, "main"))


@pytest.mark.parametrize(
    ("names", "tool"),
    [
        ((), "Directory"),
        (("Chart.yaml",), "Helm"),
        (("chart.yaml",), "Directory"),
        *(((name,), "Kustomize") for name in KUSTOMIZATIONS),
        *((("Chart.yaml", name), "Kustomize") for name in KUSTOMIZATIONS),
    ],
)
def test_a_folder_is_the_tools_whose_file_lies_in_it(names: tuple[str, ...], tool: str) -> None:
    assert found(*names) == tool


@pytest.mark.parametrize(
    ("block", "tool"),
    [
        ({"helm": {"releaseName": "x"}}, "Helm"),
        ({"kustomize": {"namePrefix": "x-"}}, "Kustomize"),
        ({"directory": {"recurse": True}}, "Directory"),
        ({"directory": {"include": "*.yaml"}}, "Directory"),
        ({"directory": {"jsonnet": {"libs": ["lib"]}}}, "Directory"),
        ({"plugin": {}}, "Plugin"),
        ({"chart": "x", "targetRevision": "1", "kustomize": {}}, "Helm"),
    ],
)
def test_the_tool_that_a_source_names_counts_whatever_lies_in_its_folder(block: dict[str, Any], tool: str) -> None:
    assert found("Chart.yaml", "kustomization.yaml", **block) == tool


@pytest.mark.parametrize("block", [{"directory": {"recurse": False}}, {"helm": {}}, {"kustomize": {"images": []}}])
def test_a_block_that_says_nothing_names_no_tool(block: dict[str, Any]) -> None:
    assert found("kustomization.yaml", **block) == "Kustomize"


def test_two_named_tools_are_no_specification() -> None:
    spec = ApplicationSource.model_validate({"helm": {"version": "v3"}, "directory": {"recurse": True}})
    with pytest.raises(SpecError, match="multiple application sources defined: Helm,Directory"):
        explicit_type(spec)


@pytest.mark.parametrize(
    ("switched", "names", "tool"),
    [
        ("kustomize.enable", ("kustomization.yaml",), "Directory"),
        ("helm.enable", ("Chart.yaml",), "Directory"),
        ("helm.enable", ("Chart.yaml", "kustomization.yaml"), "Kustomize"),
    ],
)
def test_a_tool_that_is_switched_off_leaves_plain_files(switched: str, names: tuple[str, ...], tool: str) -> None:
    assert found(*names, settings={switched: "false"}) == tool
    assert found(*names, settings={switched: "true"}) != "Directory"


def test_a_named_tool_that_is_switched_off_leaves_plain_files_too() -> None:
    off = {"kustomize.enable": "false"}
    assert found("kustomization.yaml", kustomize={"namePrefix": "x-"}, settings=off) == "Directory"
