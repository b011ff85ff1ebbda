"""Upstream's example ApplicationSets, as they are, over the files beside them: both forms ask for the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import yaml

from reconciler.generate import generated
from reconciler.generate.given import GivenFacts
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.manifest import JsonObject
from reconciler.render.pool import RendererPool, sandboxed_children
from reconciler.render.templates import GoTemplates
from tests.support.corpus import REPOSITORIES
from tests.support.prerequisites import lacking
from tests.support.renderer import renderer_binary

FOLDERS = {
    "https://github.com/argoproj/argo-cd.git": "argo-cd",
    "https://github.com/infra-team/cluster-deployments.git": "argo-cd",
    "https://github.com/kostis-codefresh/many-appsets-demo.git": "many-appsets-demo",
}
CLUSTERS: list[JsonObject] = [
    {"name": "engineering-dev", "server": "https://1.2.3.4", "labels": {"environment": "dev", "use-kakfa": "true"}},
    {"name": "engineering-prod", "server": "https://2.4.6.8", "labels": {"environment": "prod", "use-kakfa": "true"}},
]
SECRET = {"argocd.argoproj.io/secret-type": "cluster"}
EXPECTED: dict[str, list[str]] = {
    "cluster/cluster-example": ["engineering-dev-guestbook", "engineering-prod-guestbook", "in-cluster-guestbook"],
    "git-generator-directory/git-directories-example": ["argo-workflows", "prometheus-operator"],
    "git-generator-directory/excludes/git-directories-exclude-example": ["argo-workflows", "prometheus-operator"],
    "git-generator-files-discovery/git-generator-files": ["engineering-dev-guestbook", "engineering-prod-guestbook"],
    "list-generator/list-example": ["engineering-dev-guestbook", "engineering-prod-guestbook"],
    "matrix/cluster-and-git": [
        "argo-workflows-engineering-dev",
        "argo-workflows-engineering-prod",
        "prometheus-operator-engineering-dev",
        "prometheus-operator-engineering-prod",
    ],
    "matrix/list-and-git": [
        "argo-workflows-engineering-dev",
        "argo-workflows-engineering-prod",
        "prometheus-operator-engineering-dev",
        "prometheus-operator-engineering-prod",
    ],
    "template-override/template-overrides-example": ["engineering-dev-guestbook"],
}


@pytest.fixture(scope="module")
def examples() -> Path:
    folder = REPOSITORIES / "argo-cd" / "applicationset" / "examples"
    if not folder.is_dir():
        lacking(f"{folder} is not there")
    return folder


@pytest.fixture(scope="module")
def templates() -> Iterator[GoTemplates]:
    pool = RendererPool(sandboxed_children(renderer_binary()), 1)
    yield GoTemplates(pool)
    pool.close()


def repository(url: str) -> JsonObject:
    root = REPOSITORIES / FOLDERS[url]
    walked = [(Path(base), names) for base, _, names in os.walk(root)]
    files = {str((base / name).relative_to(root)): base / name for base, names in walked for name in names}
    texts = {path: file.read_text() for path, file in files.items() if file.suffix == ".json"}
    return {"url": url, "files": {path: texts.get(path, "") for path in files}}


def world() -> JsonObject:
    marked = [{**cluster, "labels": {**SECRET, **cluster["labels"]}} for cluster in CLUSTERS]
    return {"clusters": marked, "repositories": [repository(url) for url in FOLDERS]}


def expanded(path: Path, templates: GoTemplates) -> list[JsonObject]:
    (body,) = [one for one in yaml.safe_load_all(path.read_text()) if one and one["kind"] == "ApplicationSet"]
    return list(generated(ApplicationSet.parse(body), GivenFacts(world()), templates.fill).applications)


def shape(body: JsonObject) -> str:
    parts = body["metadata"]["name"], body["spec"]["source"], body["spec"]["destination"]
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS).decode()


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_asks_for_what_upstream_documents_in_both_forms(
    examples: Path, templates: GoTemplates, name: str
) -> None:
    found = expanded(examples / f"{name}.yaml", templates)
    assert sorted(body["metadata"]["name"] for body in found) == EXPECTED[name]
    simple = expanded(examples / f"{name}-fasttemplate.yaml", templates)
    assert sorted(body["metadata"]["name"] for body in simple) == EXPECTED[name]
    # One of the examples writes a whole object where a path is meant.
    if "'{{.path}}'" not in (examples / f"{name}.yaml").read_text():
        assert sorted(map(shape, simple)) == sorted(map(shape, found))


@pytest.mark.parametrize("stage", ["qa", "staging", "prod"])
def test_the_sets_of_many_appsets_demo_ask_for_one_application_a_service(
    examples: Path, templates: GoTemplates, stage: str
) -> None:
    root = examples.parents[2] / "many-appsets-demo"
    found = expanded(root / "appsets" / f"my-{stage}-appset.yml", templates)
    folders = [path for path in (root / "apps").glob(f"*/envs/{stage}*") if path.is_dir()]
    assert len(found) == len(folders) > 1
    assert {body["spec"]["source"]["path"] for body in found} == {str(path.relative_to(root)) for path in folders}
