"""Every kustomization of the real repositories renders as the `kustomize` command of the same version renders it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.errors import SourceError
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.render.cache import RenderCache
from reconciler.render.offline import render_offline
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.renderer import Renderer
from tests.compat.realobjects import PROJECT, REPOS, repos
from tests.support.prerequisites import lacking
from tests.support.renderer import renderer_binary

ORACLE = Path(os.environ.get("KUSTOMIZE") or PROJECT / ".build" / "bin" / "kustomize")
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
URL = "https://git.example/real.git"
REMOTE = re.compile(r"https?://|github\.com/|git@")
MISTAKES = ("no such file", "must specify --enable-helm", "invalid Kustomization")
DEADLINE_S = 60.0


class _Plain(yaml.CSafeLoader):
    """Dates and `=` are texts, as they are to Kubernetes."""


_Plain.yaml_implicit_resolvers = {
    first: [rule for rule in rules if not rule[0].endswith((":timestamp", ":value"))]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def targets() -> list[str]:
    """Folders of kustomizations, below the folder of repositories; components are no targets."""
    found = [path for name in NAMES for path in REPOS.rglob(name) if path.is_file()]
    return sorted(str(path.parent.relative_to(REPOS)) for path in found if "kind: Component" not in path.read_text())


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    binary = renderer_binary()
    pool = RendererPool(sandboxed_children(binary), 1)
    yield Renderer(pool, RenderCache(None), renderer_identity(binary))
    pool.close()


def built(folder: Path, home: Path) -> list[JsonObject] | str:
    """What the command gives, without a network; or its complaint."""
    if not ORACLE.is_file():
        lacking(f"the kustomize command in .build/bin ({ORACLE.name})")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "GIT_ALLOW_PROTOCOL": "none"}
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], **nowhere}
    done = subprocess.run(
        [str(ORACLE), "build", str(folder)], capture_output=True, text=True, env=environment, timeout=DEADLINE_S
    )
    if done.returncode:
        return done.stderr
    return [body for body in yaml.load_all(done.stdout, _Plain) if body]


def rendered(target: str, renderer: Renderer) -> list[JsonObject] | str:
    repository, _, path = target.partition("/")
    spec: dict[str, Any] = {"source": {"repoURL": URL, "path": path or "."}, "destination": {"name": "in-cluster"}}
    app = Application.parse({"kind": "Application", "metadata": {"name": "real"}, "spec": spec})
    try:
        return render_offline(app, {URL: REPOS / repository}, renderer, deadline_s=DEADLINE_S)
    except SourceError as error:
        return str(error)


def test_the_real_repositories_hold_what_this_test_is_about() -> None:
    repos()
    assert len(targets()) >= 60


@pytest.mark.parametrize("target", targets())
def test_a_real_kustomization_renders_as_the_command_renders_it(
    target: str, renderer: Renderer, tmp_path: Path
) -> None:
    ours, theirs = rendered(target, renderer), built(REPOS / target, tmp_path)
    if isinstance(theirs, str):
        # Both need what is not there, or what neither may fetch here.
        assert isinstance(ours, str), theirs
        assert any(word in ours and word in theirs for word in MISTAKES) or REMOTE.search(ours), (ours, theirs)
        return
    assert ours == theirs
