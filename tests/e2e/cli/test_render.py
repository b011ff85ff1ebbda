"""Rendering offline, with the real renderer and nothing else."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import yaml

from reconciler.cli.main import main
from tests.support.renderer import a_config_map, renderer_binary
from tests.support.shell import Answer

URL = "https://git.example/shop.git"
APPLICATION = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "web"},
    "spec": {
        "source": {"repoURL": URL, "path": "web", "targetRevision": "main"},
        "destination": {"name": "east", "namespace": "shop"},
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a person has it checked out, with the Application beside the manifests; no cluster anywhere."""
    monkeypatch.setenv("RECONCILER_RENDERER_PATH", str(renderer_binary()))
    monkeypatch.setenv("KUBECONFIG", "/no/such/kubeconfig")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "one.yaml").write_text(a_config_map("one", colour="red"))
    (tmp_path / "app.yaml").write_text(json.dumps(APPLICATION))
    return tmp_path


def render(folder: Path, *argv: str) -> Answer:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["render", "--app", str(folder / "app.yaml"), "--repo", f"{URL}={folder}", *argv])
    return Answer(code, out.getvalue(), err.getvalue())


def test_manifests_come_as_the_tool_gives_them(folder: Path) -> None:
    answer = render(folder, "-o", "json")
    assert answer.code == 0, answer
    assert answer.json == [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"colour": "red"}}
    ]
    assert yaml.safe_load(render(folder).out) == answer.json[0]


def test_marks_are_added_on_request(folder: Path) -> None:
    [body] = render(folder, "-o", "json", "--track").json
    assert body["metadata"]["annotations"] == {"argocd.argoproj.io/tracking-id": "web:/ConfigMap:shop/one"}


def test_the_settings_of_the_tools_may_be_given(folder: Path) -> None:
    (folder / "web" / "kustomization.yaml").write_text("resources: [../shared.yaml]\n")
    (folder / "shared.yaml").write_text(a_config_map("shared"))
    assert "is not in or below 'web'" in render(folder).err
    settings = {"kustomize.buildOptions": "--load-restrictor LoadRestrictionsNone"}
    (folder / "argocd-cm.yaml").write_text(json.dumps({"kind": "ConfigMap", "data": settings}))
    answer = render(folder, "-o", "json", "--settings", str(folder / "argocd-cm.yaml"))
    assert [body["metadata"]["name"] for body in answer.json] == ["shared"]


def test_what_was_read_and_why_can_be_asked_for(folder: Path) -> None:
    answer = render(folder, "--explain", "-o", "json")
    (told,) = answer.json
    assert (told["sourceType"], told["hit"], told["reason"]) == (
        "Directory",
        False,
        "nothing is remembered of these parameters",
    )
    assert {"file web/one.yaml", "file web/kustomization.yaml", "list web"} <= {
        f"{read['kind']} {read['path']}" for read in told["reads"]
    }
    text = render(folder, "--explain").out
    assert told["key"] in text
    assert "web/.argocd-source-web.yaml" in text


def test_what_does_not_render_is_one_clear_error(folder: Path) -> None:
    (folder / "web" / "two.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [two\n")
    answer = render(folder)
    assert (answer.code, answer.out) == (1, "")
    assert "two.yaml" in answer.err
    assert answer.err.count("\n") == 1


def test_a_repository_that_was_not_given_is_asked_for(folder: Path) -> None:
    (folder / "app.yaml").write_text(json.dumps(APPLICATION).replace("shop.git", "other.git"))
    answer = render(folder)
    assert (answer.code, "--repo https://git.example/other=DIR" in answer.err.replace(".git", "")) == (1, True)
