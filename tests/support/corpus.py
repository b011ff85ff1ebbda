"""Objects of all common kinds for tests against a real API server, each made under a new name as often as wanted."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template

import yaml

from reconciler.sandbox.api import Api, Json
from tests.support.prerequisites import lacking

CORPUS = Path(__file__).parents[1] / "contract" / "threeway"
REPOSITORIES = Path(__file__).resolve().parents[3] / "shared" / "repos"
SAMPLES = ("argocd-example-apps/guestbook", "argocd-example-apps/sock-shop/base")

Make = Callable[[], Json]
"""Makes one object of the corpus, each time under a new name."""


def definitions() -> list[Json]:
    """CRDs that the custom resources of the corpus need."""
    return list(yaml.safe_load_all((CORPUS / "definitions.yaml").read_text()))


def templates() -> Iterator[str]:
    """Single objects as YAML, in which `${id}` makes the name unique: awkward ones on purpose."""
    for name in ("workloads", "network", "config", "policy", "custom"):
        yield from (CORPUS / f"{name}.yaml").read_text().split("\n---\n")


def sample_objects() -> list[Json]:
    """Plain manifests of public example repositories, which lie beside the project."""
    found: list[Json] = []
    for folder in SAMPLES:
        if not (REPOSITORIES / folder).is_dir():
            lacking(f"the repositories beside the project: {folder}")
        for path in sorted((REPOSITORIES / folder).rglob("*.yaml")):
            found += [body for body in yaml.safe_load_all(path.read_text()) if body]
    return found


def makers(api: Api, namespace: str) -> Iterator[Make]:
    """One per object of the corpus; namespaced objects are made in `namespace`."""
    for template in templates():
        yield lambda template=template: _placed(api, namespace, _filled(template))  # type: ignore[misc]
    for body in sample_objects():
        yield lambda body=body: _placed(api, namespace, _renamed(body))  # type: ignore[misc]


def _filled(template: str) -> Json:
    body: Json = yaml.safe_load(Template(template).safe_substitute(id=secrets.token_hex(4)))
    return body


def _renamed(body: Json) -> Json:
    name = f"{body['metadata']['name']}-{secrets.token_hex(4)}"
    return {**body, "metadata": {**body["metadata"], "name": name}}


def _placed(api: Api, namespace: str, body: Json) -> Json:
    if "/namespaces/" not in api.path(body, named=False):
        return body
    return {**body, "metadata": {**body["metadata"], "namespace": namespace}}
