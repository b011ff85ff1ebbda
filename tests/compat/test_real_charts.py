"""Every chart of the real repositories renders as the `helm` command of the same version renders it."""

from __future__ import annotations

import os
import re
import shutil
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

ORACLE = Path(os.environ.get("HELM") or PROJECT / ".build" / "bin" / "helm")
URL = "https://git.example/real.git"
VERSION, APIS = "v1.36.3", ("monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor")
DRAWN = re.compile(r"(?<=-test)-[a-z0-9]{5}$")
DEADLINE_S = 60.0


def charts() -> list[str]:
    """Folders of charts, below the folder of repositories; charts in charts are theirs."""
    found = (path.parent.relative_to(REPOS) for path in REPOS.rglob("Chart.yaml"))
    return sorted(str(folder) for folder in found if "charts" not in folder.parent.parts[2:])


def cases() -> list[tuple[str, str]]:
    """Every chart with its own values, and with each other value file that lies beside them."""
    return [
        (chart, name)
        for chart in charts()
        for name in ("", *sorted(path.name for path in (REPOS / chart).glob("*values*.yaml")))
        if name != "values.yaml"
    ]


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    binary = renderer_binary()
    pool = RendererPool(sandboxed_children(binary), 1)
    yield Renderer(pool, RenderCache(None), renderer_identity(binary))
    pool.close()


def templated(chart: str, values: str, folder: Path) -> list[JsonObject] | str:
    """What the command gives, with the dependencies that lie in the same repository; or its complaint."""
    options = ["--namespace", "market", "--include-crds", "--kube-version", VERSION, "--api-versions", ",".join(APIS)]
    files = ["--values", str(REPOS / chart / values)] if values else []
    done = helm(folder, "template", "real", str(REPOS / chart), *options, *files)
    if "missing in charts/ directory" in done.stderr:
        repository, _, path = chart.partition("/")
        copied = shutil.copytree(REPOS / repository, folder / "copy", copy_function=shutil.copyfile) / path
        for made in (copied, *copied.parents):
            made.chmod(0o755)
        done = helm(folder, "dependency", "build", str(copied))
        if not done.returncode:
            done = helm(folder, "template", "real", str(copied), *options, *files)
    return done.stderr if done.returncode else [body for body in yaml.safe_load_all(done.stdout) if body]


def helm(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command without a network."""
    if not ORACLE.is_file():
        lacking(f"the helm command in .build/bin ({ORACLE.name})")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], **nowhere}
    return subprocess.run(
        [str(ORACLE), *arguments], capture_output=True, text=True, env=environment, timeout=DEADLINE_S
    )


def rendered(chart: str, values: str, renderer: Renderer) -> list[JsonObject] | str:
    repository, _, path = chart.partition("/")
    helm: dict[str, Any] = {"kubeVersion": VERSION, "apiVersions": list(APIS), "valueFiles": [values] if values else []}
    spec = {
        "source": {"repoURL": URL, "path": path or ".", "helm": helm},
        "destination": {"name": "in-cluster", "namespace": "market"},
    }
    app = Application.parse({"kind": "Application", "metadata": {"name": "real"}, "spec": spec})
    try:
        return render_offline(app, {URL: REPOS / repository}, renderer, deadline_s=DEADLINE_S)
    except SourceError as error:
        return str(error)


def settled(bodies: list[JsonObject]) -> list[JsonObject]:
    """Without what is drawn by lot: podinfo gives the pods of its tests names that nobody used before."""
    for body in bodies:
        body["metadata"]["name"] = DRAWN.sub("", body["metadata"]["name"])
    return bodies


def test_the_real_repositories_hold_what_this_test_is_about() -> None:
    repos()
    assert len(charts()) >= 10


@pytest.mark.parametrize(("chart", "values"), cases())
def test_a_real_chart_renders_as_the_command_renders_it(
    chart: str, values: str, renderer: Renderer, tmp_path: Path
) -> None:
    ours, theirs = rendered(chart, values, renderer), templated(chart, values, tmp_path)
    if isinstance(theirs, str):
        # Neither has the repository of a dependency here.
        assert isinstance(ours, str), theirs
        assert "no folder was given for repository" in ours, (ours, theirs)
        return
    assert isinstance(ours, list), ours
    assert settled(ours) == settled(theirs)
