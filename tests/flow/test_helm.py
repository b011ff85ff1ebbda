"""Charts that lie in Git, from a push to the cluster: real Git repositories, a real API server, one worker."""

from __future__ import annotations

from typing import Any

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant

TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-settings"}
data: {color: "{{ .Values.color }}", namespace: "{{ .Release.Namespace }}"}
"""
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n",
    "values.yaml": "color: red\n",
    "values-prod.yaml": "color: blue\n",
    "templates/settings.yaml": TEMPLATE,
}
FACTS = """apiVersion: v1
kind: ConfigMap
metadata: {name: facts}
data:
  version: "{{ .Capabilities.KubeVersion.Version }}"
  known: "{{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}"
  unknown: "{{ .Capabilities.APIVersions.Has "example.com/v1" }}"
"""


def data(tenant: Tenant, name: str) -> JsonObject:
    found = tenant.data(name)
    assert found is not None, name
    return found


def color(tenant: Tenant, key: AppKey) -> str:
    found: str = data(tenant, f"{key.name}-settings")["color"]
    return found


def woken(tenant: Tenant) -> set[str]:
    """The tenant's Applications that are due since they were last reconciled."""
    tenant.issued.update(issued.entry for issued in tenant.services.due.drain())
    return {entry.app_key.name for entry in tenant.issued if entry.kind == "app" and tenant.repo in entry.name}


def with_helm(tenant: Tenant, **helm: Any) -> JsonObject:
    source: JsonObject = tenant.application()["spec"]["source"]
    return {**source, "helm": helm}


def test_a_chart_in_git_is_deployed_under_its_applications_name_and_again_when_it_changes(tenant: Tenant) -> None:
    key = tenant.deploy(CHART)
    assert (color(tenant, key), tenant.verdict(key)) == ("red", ("Synced", "Healthy"))
    assert tenant.status(key)["sourceType"] == "Helm"
    namespace = tenant.application()["spec"]["destination"]["namespace"]
    assert data(tenant, f"{key.name}-settings")["namespace"] == namespace

    tenant.push({"values.yaml": "color: green\n"})
    assert woken(tenant) == {key.name}
    tenant.reconcile(key)
    assert color(tenant, key) == "green"


def test_what_a_source_sets_counts_over_the_chart_and_is_deployed_without_a_push(tenant: Tenant) -> None:
    key = tenant.deploy(CHART)
    tenant.edit(key, source=with_helm(tenant, valueFiles=["values-prod.yaml"]))
    tenant.reconcile(key)
    assert color(tenant, key) == "blue"
    tenant.edit(key, source=with_helm(tenant, parameters=[{"name": "color", "value": "black"}]))
    tenant.reconcile(key)
    assert color(tenant, key) == "black"


def test_a_push_beside_the_chart_wakes_nobody_and_a_new_file_in_it_does(tenant: Tenant) -> None:
    key = tenant.deploy(CHART)
    tenant.push({"README.md": "hello"}, to="docs")
    assert woken(tenant) == set()
    tenant.push({"templates/more.yaml": TEMPLATE.replace("settings", "more")})
    assert woken(tenant) == {key.name}
    tenant.reconcile(key)
    assert data(tenant, f"{key.name}-more")["color"] == "red"


def test_values_of_another_source_are_followed_there(tenant: Tenant) -> None:
    values = f"{tenant.repo}-values"
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in CHART.items()})
    tenant.git.create(values, {"envs/prod.yaml": "color: blue\n", "envs/dev.yaml": "color: yellow\n"})
    application = tenant.application(
        sources=[
            with_helm(tenant, valueFiles=["$values/envs/prod.yaml"]),
            {"repoURL": tenant.git.repo_url(values), "targetRevision": "main", "ref": "values"},
        ]
    )
    del application["spec"]["source"]
    key = tenant.create(application)
    tenant.reconcile(key)
    assert (color(tenant, key), tenant.verdict(key)) == ("blue", ("Synced", "Healthy"))

    tenant.git.commit(values, {"envs/dev.yaml": "color: orange\n"})
    tenant.refresh(tenant.git.repo_url(values))
    assert woken(tenant) == set()
    tenant.git.commit(values, {"envs/prod.yaml": "color: white\n"})
    tenant.refresh(tenant.git.repo_url(values))
    assert woken(tenant) == {key.name}
    tenant.reconcile(key)
    assert color(tenant, key) == "white"


def test_a_chart_learns_what_its_destination_is(tenant: Tenant) -> None:
    tenant.deploy(CHART | {"templates/facts.yaml": FACTS})
    version = tenant.plane.api.get("/version")["gitVersion"]
    assert tenant.data("facts") == {"version": version, "known": "true", "unknown": "false"}


def test_a_missing_value_file_is_told_and_mended_by_the_commit_that_brings_it(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, {f"web/{name}": text for name, text in CHART.items()})
    key = tenant.create(tenant.application(source=with_helm(tenant, valueFiles=["envs/*.yaml", "values-new.yaml"])))
    tenant.reconcile(key)
    (condition,) = tenant.status(key)["conditions"]
    assert "no value file matches this pattern" in condition["message"]

    tenant.push({"envs/a.yaml": "color: white\n", "values-new.yaml": "other: 1\n"})
    assert woken(tenant) == {key.name}
    tenant.reconcile(key)
    assert color(tenant, key) == "white"
