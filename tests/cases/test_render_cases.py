"""Rendering, case by case: a folder holds an Application and its repository, and what it renders to.

    app.yaml         the Application; `repoURL` of its source is the repository in `repo/`
    repo/            that repository
    elsewhere.yaml   optional: other repositories, URL → folder of the case
    settings.yaml    optional: data of argocd-cm
    project.yaml     optional: the AppProject; without one every repository is allowed
    cluster.yaml     optional: what the destination says of itself: `version`, and `apis` that it serves
    manifests.yaml   the objects, in order; or
    error.txt        why there are none

The renderer is the real one. `RECONCILER_WRITE_CASES=1` writes the expectations anew; read them before committing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.errors import SpecError
from reconciler.models.application import Application
from reconciler.models.project import AppProject
from reconciler.models.toolsettings import tool_settings_of
from reconciler.plan.permissions import ProjectRules
from reconciler.render.cache import RenderCache
from reconciler.render.offline import Shelf, render_each
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.protocol import Facts, NoFacts
from reconciler.render.renderer import Renderer
from tests.support.renderer import renderer_binary

FOLDER = Path(__file__).parent / "render"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/app.yaml"))
DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    binary = renderer_binary()
    pool = RendererPool(sandboxed_children(binary), 1)
    yield Renderer(pool, RenderCache(None), renderer_identity(binary))
    pool.close()


@dataclass(frozen=True, slots=True)
class Told:
    """What a case says of the cluster. render.protocol.Facts."""

    version: str
    apis: tuple[str, ...]

    def kube_version(self) -> str:
        return self.version

    def has_api(self, name: str) -> bool:
        return name in self.apis

    def api_versions(self) -> Sequence[str]:
        return self.apis


def loaded(case: Path, name: str) -> Any:
    path = case / name
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def shelf(case: Path, app: Application) -> Shelf:
    """The repositories of a case, and what its settings and its project say."""
    folders = {source.repo_url: case / "repo" for source in app.spec.all_sources[:1]}
    folders |= {url: case / folder for url, folder in loaded(case, "elsewhere.yaml").items()}
    settings = tool_settings_of(loaded(case, "settings.yaml"))
    cluster = loaded(case, "cluster.yaml")
    facts: Facts = Told(cluster["version"], tuple(cluster["apis"])) if cluster else NoFacts()
    project = loaded(case, "project.yaml")
    if not project:
        return Shelf(folders, settings, facts=facts)
    return Shelf(folders, settings, ProjectRules.of(AppProject.parse(project)).source_allowed, facts)


def outcome(case: Path, renderer: Renderer) -> tuple[str, str]:
    """Which file tells of the outcome, and its text."""
    try:
        app = Application.parse(loaded(case, "app.yaml"))
        rendered = render_each(app, shelf(case, app), renderer, deadline_s=DEADLINE_S)
    except SpecError as error:
        return "error.txt", f"{error.condition}: {error}\n"
    types = ", ".join(one.source_type for one in rendered)
    warnings = [f"# warning: {warning.message}" for one in rendered for warning in one.warnings]
    head = "\n".join([f"# {types}", *warnings])
    bodies = (body for one in rendered for body in one.bodies)
    documents = [yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=10_000) for body in bodies]
    return "manifests.yaml", "---\n".join([head + "\n", *documents])


@pytest.mark.parametrize("name", CASES)
def test_a_source_renders_to_what_its_case_says(name: str, renderer: Renderer) -> None:
    case = FOLDER / name
    file, text = outcome(case, renderer)
    if os.environ.get("RECONCILER_WRITE_CASES"):
        for stale in {"manifests.yaml", "error.txt"} - {file}:
            (case / stale).unlink(missing_ok=True)
        (case / file).write_text(text, encoding="utf-8")
    expected = {
        path.name: path.read_text(encoding="utf-8")
        for path in (case / "manifests.yaml", case / "error.txt")
        if path.exists()
    }
    assert {file: text} == expected
