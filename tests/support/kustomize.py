"""`kubectl kustomize` for what the kustomizations of deploy/ use: enough to judge their objects without kubectl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reconciler.sandbox.api import Json

DEPLOY = Path(__file__).parents[2] / "deploy"
KNOWN = {"apiVersion", "kind", "namespace", "labels", "resources", "components", "configMapGenerator", "images"}


def rendered(overlay: str, *, namespace: str) -> list[Json]:
    """The objects of `deploy/<overlay>`, in the given namespace instead of its own.

    Names of generated ConfigMaps carry no hash. Raises ValueError for a field that this reader does not know.
    """
    bodies = _built(DEPLOY / overlay)
    return [_placed(body, namespace) for body in bodies]


def _built(folder: Path) -> list[Json]:
    spec = yaml.safe_load((folder / "kustomization.yaml").read_text())
    if unknown := spec.keys() - KNOWN:
        raise ValueError(f"{folder}: {sorted(unknown)} would be left out")
    found = [
        body for name in (*spec.get("resources", ()), *spec.get("components", ())) for body in _read(folder / name)
    ]
    for generator in spec.get("configMapGenerator", ()):
        found = _generated(found, generator)
    labels = [pairs["pairs"] for pairs in spec.get("labels", ())]
    return [_tagged(_labelled(body, labels), spec.get("images", ())) for body in found]


def _read(path: Path) -> Iterator[Json]:
    if path.is_dir():
        yield from _built(path.resolve())
    else:
        yield from (body for body in yaml.safe_load_all(path.read_text()) if body)


def _generated(found: Sequence[Json], generator: Mapping[str, Any]) -> list[Json]:
    data = dict(literal.split("=", 1) for literal in generator["literals"])
    name = generator["name"]
    if generator.get("behavior") != "merge":
        return [*found, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}]
    same = [body for body in found if (body["kind"], body["metadata"]["name"]) == ("ConfigMap", name)]
    if not same:
        raise ValueError(f"there is no ConfigMap {name} to merge into")
    return [{**body, "data": {**body["data"], **data}} if body in same else body for body in found]


def _labelled(body: Json, labels: Sequence[Mapping[str, str]]) -> Json:
    metadata = dict(body["metadata"])
    for pairs in labels:
        metadata["labels"] = {**(metadata.get("labels") or {}), **pairs}
    return {**body, "metadata": metadata}


def _tagged(node: Any, images: Sequence[Mapping[str, str]]) -> Any:
    if isinstance(node, list):
        return [_tagged(value, images) for value in node]
    if not isinstance(node, dict):
        return node
    tags = {image["name"]: image["newTag"] for image in images}
    own = {key: _tagged(value, images) for key, value in node.items()}
    if own.get("image") in tags:
        own["image"] = f"{own['image']}:{tags[own['image']]}"
    return own


def _placed(body: Json, namespace: str) -> Json:
    placed = dict(body)
    if not body["kind"].startswith("Cluster"):
        placed["metadata"] = {**body["metadata"], "namespace": namespace}
    if "subjects" in body:
        placed["subjects"] = [{**subject, "namespace": namespace} for subject in body["subjects"]]
    return placed
