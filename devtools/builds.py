"""The Go programs: what is built from what, and how to tell that it is built already."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from devtools.layout import BUILD, PROJECT
from devtools.steps import Runner, Step
from devtools.surroundings import BUILD_CACHE, ONE_TIME_CACHE, go_environment

OLDEST_GO = (1, 26)
FLAGS = ("-buildvcs=false", "-trimpath", "-mod=readonly")
VERSION_PACKAGE = "k8s.io/component-base/version"


@dataclass(frozen=True, slots=True)
class Program:
    """One binary: `.build/bin/<name>` points to the build of the sources as they are now."""

    name: str
    module: Path
    package: str = "."
    linker_flags: Callable[[Path], str] = field(default=lambda _: "-s -w")
    cache: Path = BUILD_CACHE
    for_tests: bool = False


def _kubernetes_version(module: Path) -> str:
    """Without it the API server calls itself v0.0.0, which no client takes for a Kubernetes."""
    found = re.search(r"k8s\.io/kubernetes v((\d+)\.(\d+)\.\d+)", (module / "go.mod").read_text())
    if not found:
        raise ValueError(f"{module}/go.mod requires no k8s.io/kubernetes")
    facts = {"gitVersion": f"v{found[1]}", "gitMajor": found[2], "gitMinor": found[3], "gitTreeState": "clean"}
    return " ".join(["-s -w", *(f"-X {VERSION_PACKAGE}.{name}={value}" for name, value in facts.items())])


PROGRAMS = (
    Program("renderer", PROJECT / "renderer"),
    Program(
        "controlplane", PROJECT / "deploy/sandbox/controlplane", linker_flags=_kubernetes_version, cache=ONE_TIME_CACHE
    ),
    Program("kwok", PROJECT / "deploy/sandbox/kwok", package="sigs.k8s.io/kwok/cmd/kwok", cache=ONE_TIME_CACHE),
    Program("helm", PROJECT / "tests/oracles", package="helm.sh/helm/v4/cmd/helm", for_tests=True),
    Program("kustomize", PROJECT / "tests/oracles", package="sigs.k8s.io/kustomize/kustomize/v5", for_tests=True),
)
"""The last two are what renderings are compared with: the commands of the renderer's own library versions."""


def steps(go: Path, *, after: tuple[str, ...], tests: bool) -> list[Step]:
    """One step a program whose sources are there; those that only tests need when `tests` says so."""
    wanted = [program for program in PROGRAMS if tests or not program.for_tests]
    return [_step(program, go, after) for program in wanted if (program.module / "go.mod").exists()]


def _step(program: Program, go: Path, after: tuple[str, ...]) -> Step:
    def run(runner: Runner) -> None:
        _build(program, go, runner)

    return Step(program.name, lambda: _is_built(program, go), run, after)


def forget_one_time_cache() -> None:
    """To be called once everything is built: until then it lets a stopped build go on where it was."""
    shutil.rmtree(ONE_TIME_CACHE, ignore_errors=True)


def system_go() -> Path | None:
    """A Go on the PATH that is new enough."""
    found = shutil.which("go")
    return Path(found) if found and _version_of(go_version(Path(found))) >= OLDEST_GO else None


def go_version(go: Path) -> str:
    """What `go version` says, or nothing when it does not run."""
    try:
        done = subprocess.run(
            [go, "version"], capture_output=True, text=True, timeout=60, env=go_environment(os.environ)
        )
    except OSError:
        return ""
    return done.stdout.strip()


def _version_of(text: str) -> tuple[int, int]:
    found = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _is_built(program: Program, go: Path) -> bool:
    current = BUILD / "bin" / program.name
    return current.exists() and current.resolve().parent == _folder(program, go)


def _build(program: Program, go: Path, run: Runner) -> None:
    folder = _folder(program, go)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{program.name}.unfinished"
    flags = f"-ldflags={program.linker_flags(program.module)}"
    run(
        go,
        "build",
        *FLAGS,
        flags,
        "-o",
        unfinished,
        program.package,
        cwd=program.module,
        env=go_environment(os.environ, build_cache=program.cache),
    )
    unfinished.replace(folder / program.name)
    _point_to(folder / program.name)
    for older in BUILD.glob(f"{program.name}-*"):
        if older != folder:
            shutil.rmtree(older)


def _folder(program: Program, go: Path) -> Path:
    """Keyed by the sources, go.sum and the version of Go."""
    key = hashlib.sha256(go_version(go).encode() + " ".join(FLAGS).encode())
    sources = (path for path in program.module.rglob("*") if path.suffix in {".go", ".mod", ".sum"})
    for path in sorted(path for path in sources if not path.name.endswith("_test.go")):
        key.update(f"{path.relative_to(program.module)}\0".encode() + path.read_bytes())
    return BUILD / f"{program.name}-{key.hexdigest()[:16]}"


def _point_to(binary: Path) -> None:
    link = BUILD / "bin" / binary.name
    link.parent.mkdir(exist_ok=True)
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(binary, link.parent))
    fresh.replace(link)
