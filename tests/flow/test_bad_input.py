"""Mistakes in an Application's spec or source: a condition says so, nothing is touched, and mending it is enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}
HAND = {"data": {"color": "by hand"}}

Edit = Callable[[Tenant], JsonObject]


@dataclass(frozen=True)
class Mistake:
    """What somebody gets wrong, in the spec or in a commit, and what the Application is to say of it."""

    condition: str
    words: str
    spec: Edit = lambda _tenant: {}
    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Symbolic links by path, from the root of the repository."""


def spec(condition: str, words: str, **fields: Any) -> Mistake:
    return Mistake(condition, words, spec=lambda _tenant: fields)


def source(words: str, *, condition: str = "ComparisonError", **fields: Any) -> Mistake:
    return Mistake(condition, words, spec=lambda _tenant: {"source": fields})


def files(words: str, **content: str) -> Mistake:
    return Mistake("ComparisonError", words, files={name.replace("__", "."): text for name, text in content.items()})


INVALID = "InvalidSpecError"
NOWHERE = "https://nowhere.example:6443"

MISTAKES = {
    "a cluster that nobody registered, by address": spec(
        INVALID, f'cluster "{NOWHERE}" not found', destination={"server": NOWHERE}
    ),
    "a cluster that nobody registered, by name": spec(
        INVALID, "there are no clusters with this name: nowhere", destination={"server": None, "name": "nowhere"}
    ),
    "a cluster by name and by address": spec(
        INVALID, "can't have both name and server defined", destination={"name": "in-cluster"}
    ),
    "no cluster": spec(INVALID, "Destination server missing", destination={"server": None}),
    "a project that does not exist": spec(INVALID, "project nobody which does not exist", project="nobody"),
    "a repository that does not exist": Mistake(
        "ComparisonError", "no-such.git", spec=lambda tenant: {"source": {"repoURL": tenant.git.repo_url("no-such")}}
    ),
    "a branch that does not exist": source("unable to resolve 'no-such'", targetRevision="no-such"),
    "a commit that does not exist": source("1" * 8, targetRevision="1" * 40),
    "a revision that is a query": source("Git's query syntax", targetRevision="main@{1}"),
    "no source": spec(INVALID, "source", source=None),
    "no path": source("spec.source.path or spec.source.chart are required", condition=INVALID, path=None),
    "no address of a repository": source("repo", condition=INVALID, repoURL=""),
    "a repository by a file's path": source("is refused", condition=INVALID, repoURL="/etc"),
    "a repository by a protocol that executes": source("is refused", condition=INVALID, repoURL="ext::sh -c true"),
    "a path that does not exist": source("app path 'no-such' does not exist", path="no-such"),
    "a path that is a file": source("not a folder", path="web/one.yaml"),
    "a path above the root": source("inside the repository", condition=INVALID, path="../web"),
    "a path that leaves the root on its way": source("inside the repository", condition=INVALID, path="web/../../web"),
    "an absolute path": source("inside the repository", condition=INVALID, path="/etc"),
    "a path through a link out of the repository": Mistake(
        "ComparisonError", "leaves the repository", lambda _: {"source": {"path": "out"}}, links={"out": "../../etc"}
    ),
    "a path through an absolute link": Mistake(
        "ComparisonError", "leaves the repository", lambda _: {"source": {"path": "out"}}, links={"out": "/etc"}
    ),
    "a file that is a link out of the repository": Mistake(
        "ComparisonError", "two.yaml", links={"web/two.yaml": "../../../../etc/passwd"}
    ),
    "YAML that does not parse": files(
        "two.yaml", two__yaml="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two\ndata: [}"
    ),
    "an object without a kind": files("kind is missing", two__yaml="# kind:\napiVersion: v1\nmetadata: {name: two}"),
    "an object without a name": files("has no metadata.name", two__yaml="apiVersion: v1\nkind: ConfigMap"),
    "JSON that is not one object": files("two.json", two__json="[1, 2"),
    "a chart that does not read": files("Chart.yaml", Chart__yaml="name: [\n"),
    "a library chart": files(
        "library charts are not installable", Chart__yaml="apiVersion: v2\nname: web\nversion: 1.0.0\ntype: library\n"
    ),
    "a template that fails": files(
        "set a host",
        Chart__yaml="apiVersion: v2\nname: web\nversion: 1.0.0\n",
        **{"templates/a.yaml": '{{ required "set a host" .Values.host }}'},
    ),
    "a kustomization": files("gone.yaml", kustomization__yaml="resources: [gone.yaml]\n"),
    "a file that overrides the source and does not read": Mistake(
        "ComparisonError", "does not read as YAML", files={".argocd-source.yaml": "directory: {recurse: [\n"}
    ),
    "a chart at a branch": source("'main' is not a version or a range of versions", chart="nginx"),
    "values for what is no chart": source("there is no Chart.yaml", helm={"values": "a: b"}),
    "values out of the repository": source("is no file inside its repository", helm={"valueFiles": ["../../x.yaml"]}),
    "two tools at once": source(
        "multiple application sources", condition=INVALID, kustomize={"namePrefix": "x-"}, directory={"recurse": True}
    ),
    "a version of kustomize that nobody registered": source(
        "not registered in argocd-cm", condition=INVALID, kustomize={"version": "v3.5.4"}
    ),
    "a plugin": source("plugin", plugin={"name": "mine"}),
    "jsonnet": source("leaves the repository", directory={"jsonnet": {"libs": ["../vendor"]}}),
    "a second source that is wrong": Mistake(
        "ComparisonError",
        "source 2 of 2: app path 'no-such' does not exist",
        lambda tenant: {"sources": [{"repoURL": tenant.repo_url, "path": path} for path in ("web", "no-such")]},
    ),
}


def make(mistake: Mistake, tenant: Tenant, key: AppKey) -> None:
    if mistake.files:
        tenant.push(dict(mistake.files))
    if mistake.links:
        tenant.link(mistake.links)
    tenant.edit(key, **mistake.spec(tenant))


def mend(mistake: Mistake, tenant: Tenant, key: AppKey, before: JsonObject) -> None:
    """The spec as it was, and a new commit without what was wrong."""
    tenant.plane.api.patch(
        tenant.app_path(key), [{"op": "replace", "path": "/spec", "value": before}], "application/json-patch+json"
    )
    tenant.git.commit(tenant.repo, dict.fromkeys(mistake.links))
    tenant.push({**BLUE, **dict.fromkeys(mistake.files)})
    tenant.reconcile(key)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_and_touches_nothing_until_it_is_mended(tenant: Tenant, mistake: Mistake) -> None:
    key = tenant.deploy(RED)
    before, log = tenant.read(key), tenant.audit()
    tenant.by_hand("one", HAND)

    make(mistake, tenant, key)

    assert mistake.words in tenant.conditions(key).get(mistake.condition, "")
    assert tenant.verdict(key)[0] == "Unknown"
    assert tenant.status(key)["resources"] == before["status"]["resources"]
    assert tenant.status(key)["history"] == before["status"]["history"]
    assert (tenant.sent(log), tenant.data("one")) == ([], HAND["data"])

    mend(mistake, tenant, key, before["spec"])

    assert tenant.conditions(key) == {}
    assert tenant.verdict(key) == ("Synced", "Healthy")
    assert tenant.data("one") == {"color": "blue"}


@pytest.mark.parametrize("name", ["a path that does not exist", "YAML that does not parse", "no cluster"])
def test_a_mistake_is_written_down_once(tenant: Tenant, name: str) -> None:
    key = tenant.deploy(RED)
    make(MISTAKES[name], tenant, key)
    told = tenant.read(key)["metadata"]["resourceVersion"]

    tenant.reconcile(key)
    tenant.reconcile(key, lane="person")

    assert tenant.read(key)["metadata"]["resourceVersion"] == told


def test_the_applications_beside_a_broken_one_go_on(tenant: Tenant) -> None:
    broken = tenant.deploy(RED)
    tenant.push({"two.yaml": a_config_map("two", color="red")}, to="other")
    fine = tenant.create(tenant.application(name=f"{tenant.repo}-other", path="other"))
    tenant.reconcile(fine)
    tenant.push({"one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one\n"})
    tenant.push({"two.yaml": a_config_map("two", color="blue")}, to="other")

    tenant.reconcile(broken)
    tenant.reconcile(fine)

    assert tenant.verdict(broken)[0] == "Unknown"
    assert (tenant.verdict(fine), tenant.data("two")) == (("Synced", "Healthy"), {"color": "blue"})


def test_a_first_mistake_creates_nothing_and_needs_no_second_one_to_be_mended(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, {"web/one.yaml": RED["one.yaml"]})
    log = tenant.audit()
    application = tenant.application()
    application["spec"]["source"]["path"] = "wed"
    key = tenant.create(application)

    tenant.reconcile(key)

    assert "app path 'wed' does not exist" in tenant.conditions(key)["ComparisonError"]
    assert tenant.verdict(key) == ("Unknown", "Unknown")
    assert tenant.sent(log) == []
    tenant.push({"one.yaml": RED["one.yaml"]}, to="wed")
    tenant.reconcile(key)
    assert tenant.verdict(key) == ("Synced", "Healthy")
