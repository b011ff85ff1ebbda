"""render: what one rendering costs, missed and found, beside the bare call of the same library on the same folder.

Real charts, overlays and programs of `../shared/repos`. A miss is the whole way: the checks of the source, the pipe to
a warm child, its questions, the result stored in memory. A hit is the same call again, of which our CPU counts.
The probe is the library's own call in a Go program that reads the folder from the disk (`renderer/bare_test.go`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.figures import percentile
from benchmarks.measure import load
from benchmarks.report import Report
from devtools.surroundings import go_environment
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.render.cache import RenderCache
from reconciler.render.offline import Shelf, render_each
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.renderer import Renderer
from reconciler.sandbox.places import PROJECT, program
from reconciler.sandbox.repositories import run_git

REPOS = PROJECT.parent / "shared" / "repos"
URL = "https://git.example/bench.git"
KUBE_VERSION = "1.36.0"
"""There is no cluster to ask."""

DEADLINE_S = 60.0
GO_LIMIT_S = 900
_LINE = re.compile(r"^BenchmarkBare/(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """A folder of one of the repositories, and the tool that it is for."""

    name: str
    tool: str
    repository: str
    path: str

    def application(self) -> Application:
        source: JsonObject = {"repoURL": URL, "path": self.path, "targetRevision": "main"}
        if self.tool == "Helm":
            source["helm"] = {"kubeVersion": KUBE_VERSION}
        return Application.parse(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": "bench", "namespace": "argocd"},
                "spec": {"source": source, "destination": {"name": "in-cluster", "namespace": "bench"}},
            }
        )


CASES = (
    Case("guestbook", "Directory", "argocd-example-apps", "guestbook"),
    Case("jsonnet-guestbook", "Jsonnet", "argocd-example-apps", "jsonnet-guestbook"),
    Case("kustomize-guestbook", "Kustomize", "argocd-example-apps", "kustomize-guestbook"),
    Case("podinfo-kustomize", "Kustomize", "podinfo", "kustomize"),
    Case("argo-cd-cluster-install", "Kustomize", "argo-cd", "manifests/cluster-install"),
    Case("helm-guestbook", "Helm", "argocd-example-apps", "helm-guestbook"),
    Case("podinfo-chart", "Helm", "podinfo", "charts/podinfo"),
)


def run(n: int) -> Sequence[Report]:
    """One report a case, of `n` renderings each. Raises FileNotFoundError without `../shared/repos` or Go."""
    cases = [case for case in CASES if (REPOS / case.repository / case.path).exists()]
    if not cases:
        raise FileNotFoundError(f"{REPOS}: the folders that this measures are not there")
    bare_s = _bare(cases, n)
    renderer = program("renderer")
    pool = RendererPool(sandboxed_children(renderer), 1)
    try:
        return [_measured(case, n, bare_s[case.name], renderer, pool) for case in cases]
    finally:
        pool.close()


def _measured(case: Case, n: int, bare_s: float, binary: Path, pool: RendererPool) -> Report:
    identity, app = renderer_identity(binary), case.application()
    misses, hits = list[float](), list[float]()
    with _committed(case) as repository:
        shelf = Shelf({URL: repository})
        for _ in range(n + 1):
            renderer = Renderer(pool, RenderCache(None), identity)
            began = time.perf_counter()
            render_each(app, shelf, renderer, deadline_s=DEADLINE_S)
            misses.append(time.perf_counter() - began)
            began = time.thread_time()
            (again,) = render_each(app, shelf, renderer, deadline_s=DEADLINE_S)
            hits.append(time.thread_time() - began)
            assert again.hit, f"{case.name} was rendered twice"
    missed_s, hit_s = percentile(misses[1:], 50), percentile(hits[1:], 50)
    aim_s = 1.3 * bare_s + 0.002
    return Report(
        scenario=f"render {case.name}",
        n=n,
        figure=missed_s * 1000,
        unit="ms a miss, median",
        probe=bare_s * 1000,
        load=load(),
        beside={"tool": case.tool, "aim_ms": aim_s * 1000, "miss_of_aim": missed_s / aim_s, "hit_cpu_ms": hit_s * 1000},
    )


@contextmanager
def _committed(case: Case) -> Iterator[Path]:
    """A bare repository whose only commit holds the case's whole repository."""
    source = REPOS / case.repository
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bench.git"
        here = ("--git-dir", str(bare), "--work-tree", str(source))
        run_git("init", "--quiet", "--bare", "--initial-branch=main", str(bare), cwd=source)
        run_git(*here, "add", "--all", "--force", ".", cwd=source)
        run_git(*here, "commit", "--quiet", "--message", "All of it", cwd=source)
        yield bare


def _bare(cases: Sequence[Case], n: int) -> Mapping[str, float]:
    """Seconds of one call by name of the case."""
    asked = [{**asdict(case), "folder": str(REPOS / case.repository / case.path)} for case in cases]
    done = subprocess.run(
        ["go", "test", "-run", "^$", "-bench", "^BenchmarkBare$", "-benchtime", f"{n}x", "."],
        cwd=PROJECT / "renderer",
        env={**go_environment(os.environ), "RENDERER_BARE_CASES": json.dumps(asked)},
        capture_output=True,
        text=True,
        timeout=GO_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the bare calls failed: {(done.stdout + done.stderr)[-2000:]}")
    return dict(_figures(done.stdout))


def _figures(printed: str) -> Iterator[tuple[str, float]]:
    for name, nanoseconds in _LINE.findall(printed):
        yield name, float(nanoseconds) / 1e9
