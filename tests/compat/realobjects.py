"""The real Argo CD objects of `../shared/repos`: what people and upstream wrote, not what we would write."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support.prerequisites import lacking

PROJECT = Path(__file__).parents[2]
REPOS = PROJECT.parent / "shared" / "repos"
KINDS = ("Application", "ApplicationSet", "AppProject")
Json = dict[str, Any]


def repos() -> Path:
    """The folder of real repositories; absent, the test is skipped (and fails in CI)."""
    if not REPOS.is_dir():
        lacking("the real repositories in ../shared/repos")
    return REPOS


def real_objects() -> list[Json]:
    """Every Application, ApplicationSet and AppProject in them."""
    return [found for path in sorted(repos().rglob("*.y*ml")) if "templates" not in path.parts for found in _in(path)]


def upstream_definition(name: str) -> Json:
    """One of upstream's CustomResourceDefinitions."""
    loaded: Json = _load(repos() / "argo-cd" / "manifests" / "crds" / f"{name}-crd.yaml")[0]
    return loaded


def _in(path: Path) -> Iterator[Json]:
    text = path.read_text(encoding="utf-8")
    if "argoproj.io/v1alpha1" in text and "CustomResourceDefinition" not in text:
        for document in _load(path):
            if isinstance(document, dict) and document.get("kind") in KINDS:
                yield document


def _load(path: Path) -> list[Any]:
    # Through JSON, so that a date which YAML makes of a bare word fails here and not in a comparison.
    return [json.loads(json.dumps(document)) for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
