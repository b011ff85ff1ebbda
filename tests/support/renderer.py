"""The real renderer, built where nobody named one, and a repository held in memory to feed it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from shutil import which

from devtools.surroundings import go_environment
from reconciler.render.protocol import DirEntry, PathMissing, RenderRequest
from reconciler.render.tools.directory import DirectoryParams
from tests.support.prerequisites import lacking

PROJECT = Path(__file__).resolve().parents[2]


@cache
def renderer_binary() -> Path:
    """RECONCILER_RENDERER_PATH, or the program built from `renderer/`; skips (fails in CI) where there is no Go."""
    if named := os.environ.get("RECONCILER_RENDERER_PATH"):
        return Path(named).resolve()
    if not which("go"):
        lacking("RECONCILER_RENDERER_PATH is not set and there is no go to build the renderer with")
    binary = PROJECT / ".build" / "renderer-dev" / "renderer"
    build = ["go", "build", "-buildvcs=false", "-trimpath", "-o", str(binary), "."]
    # With the set-up's caches it only has to be linked; from nothing it would outlast a test's time.
    subprocess.run(build, cwd=PROJECT / "renderer", env=go_environment(os.environ), check=True, timeout=600)
    return binary


class MemoryFiles:
    """A file server over a dict of path → bytes; remembers what it was asked for."""

    def __init__(self, files: Mapping[str, bytes | str]) -> None:
        self.files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        self.asked: list[str] = []

    def list(self, path: str) -> Sequence[DirEntry]:
        self.asked.append(f"list {path}")
        prefix = f"{path}/" if path else ""
        inside = [file.removeprefix(prefix).split("/") for file in self.files if file.startswith(prefix)]
        if not inside:
            raise PathMissing(f"{path}: app path does not exist", path=path)
        return [DirEntry(name, "dir" if deep else "file") for name, deep in {(p[0], len(p) > 1) for p in inside}]

    def read(self, path: str) -> bytes:
        self.asked.append(f"read {path}")
        return self.files[path]

    def glob(self, pattern: str) -> Sequence[str]:
        self.asked.append(f"glob {pattern}")
        return sorted(file for file in self.files if fnmatchcase(file, pattern))

    def where(self, path: str) -> str:
        return path


def a_config_map(name: str, **data: str) -> str:
    """One ConfigMap as YAML."""
    rows = "".join(f"  {key}: {value}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n" + (f"data:\n{rows}" if rows else "")


def a_request(path: str = "", *, project: str = "", recurse: bool = False) -> RenderRequest:
    """A directory request with the usual limits."""
    return RenderRequest(DirectoryParams(path, recurse=recurse), project=project)
