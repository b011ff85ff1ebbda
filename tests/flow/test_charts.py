"""Sources that come as archives: OCI artifacts and charts, from servers on this machine, to a real API server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from reconciler.models.keys import AppKey, EntryKey, RepoUrl
from reconciler.models.manifest import JsonObject
from reconciler.models.words import SECRET_TYPE
from reconciler.refresh import refresh_source
from reconciler.sandbox.chartserver import ChartServer, start_chart_server
from reconciler.sandbox.registry import FILES_LAYER, Registry, start_registry
from reconciler.sources.urls import chart_url
from tests.flow.tenancy import Tenant, a_config_map
from tests.support.archives import a_chart, a_tar, chart_files

LOGIN = ("reader", "hunter2")


@pytest.fixture
def registry() -> Iterator[Registry]:
    running = start_registry(login=LOGIN)
    yield running
    running.stop()


@pytest.fixture
def server() -> Iterator[ChartServer]:
    running = start_chart_server(login=LOGIN)
    yield running
    running.stop()


def know(tenant: Tenant, url: str, **values: str) -> None:
    """A Secret that opens a repository of charts."""
    name = f"charts-{tenant.repo}"
    given = {"url": url, "username": LOGIN[0], "password": LOGIN[1], **values}
    metadata = {"name": name, "namespace": tenant.control_namespace, "labels": {SECRET_TYPE: "repository"}}
    tenant.plane.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": given})
    tenant.services.readers.catalog.invalidate()


def know_registry(tenant: Tenant, registry: Registry, path: str = "team/apps") -> None:
    know(tenant, f"oci://{registry.host}/{path}", type="oci", insecureOCIForceHttp="true")


def deploy(tenant: Tenant, source: JsonObject, **spec: Any) -> AppKey:
    key = tenant.create(tenant.application(source=source, **spec))
    tenant.reconcile(key)
    return key


def an_artifact(registry: Registry, **fields: Any) -> JsonObject:
    return {"repoURL": f"oci://{registry.host}/team/apps", "path": ".", "targetRevision": "latest", **fields}


def push(registry: Registry, tag: str, files: Mapping[str, str]) -> str:
    return registry.push("team/apps", tag, (FILES_LAYER, a_tar(files)))


def poll(tenant: Tenant, url: str) -> float | None:
    """A look at the repository, as the poll makes it."""
    repo = RepoUrl(chart_url(url))
    tenant.issue(EntryKey("repo", repo), "push")
    with tenant.services.due.hold(EntryKey("repo", repo), "") as held:
        assert held is not None
        return refresh_source(repo, tenant.services, held, now=tenant.services.readers.clock())


def is_woken(tenant: Tenant, key: AppKey) -> bool:
    tenant.issued.update(issued.entry for issued in tenant.services.due.drain())
    return EntryKey.app(key) in tenant.issued


def test_the_files_of_an_artifact_are_deployed_and_its_digest_is_shown(tenant: Tenant, registry: Registry) -> None:
    know_registry(tenant, registry)
    digest = push(
        registry, "latest", {"web/one.yaml": a_config_map("one", color="red"), "web/sub/two.yaml": "no: yaml"}
    )
    key = deploy(tenant, an_artifact(registry, path="web"))

    assert tenant.verdict(key) == ("Synced", "Healthy")
    assert tenant.data("one") == {"color": "red"}
    status = tenant.status(key)
    assert (status["sync"]["revision"], status["sourceType"]) == (digest, "Directory")
    assert status["history"][0]["revision"] == digest


def test_an_artifact_may_hold_a_kustomization(tenant: Tenant, registry: Registry) -> None:
    know_registry(tenant, registry)
    files = {
        "kustomization.yaml": "namePrefix: x-\nresources: [one.yaml]\n",
        "one.yaml": a_config_map("one", color="red"),
    }
    push(registry, "latest", files)
    key = deploy(tenant, an_artifact(registry))
    assert tenant.status(key)["sourceType"] == "Kustomize"
    assert tenant.data("x-one") == {"color": "red"}


def test_a_tag_that_moves_wakes_whoever_follows_it(tenant: Tenant, registry: Registry) -> None:
    know_registry(tenant, registry)
    first = push(registry, "latest", {"one.yaml": a_config_map("one", color="red")})
    key = deploy(tenant, an_artifact(registry))
    pinned = tenant.create(
        tenant.application(f"{tenant.repo}-pinned", source=an_artifact(registry, targetRevision=first))
    )
    tenant.reconcile(pinned)
    poll(tenant, f"oci://{registry.host}/team/apps")
    tenant.reconcile(key)
    tenant.issued.clear()

    poll(tenant, f"oci://{registry.host}/team/apps")
    assert not is_woken(tenant, key)
    second = push(registry, "latest", {"one.yaml": a_config_map("one", color="blue")})
    poll(tenant, f"oci://{registry.host}/team/apps")
    assert (is_woken(tenant, key), is_woken(tenant, pinned)) == (True, False)
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "blue"}
    assert tenant.status(key)["sync"]["revision"] == second


def test_an_artifact_that_is_not_there_is_named_and_touches_nothing(tenant: Tenant, registry: Registry) -> None:
    know_registry(tenant, registry)
    push(registry, "latest", {"one.yaml": a_config_map("one", color="red")})
    key = deploy(tenant, an_artifact(registry))
    del registry.manifests["team/apps", "latest"]
    poll(tenant, f"oci://{registry.host}/team/apps")
    assert is_woken(tenant, key)
    tenant.reconcile(key)
    assert "team/apps:latest is not found in the registry" in tenant.conditions(key)["ComparisonError"]
    assert tenant.verdict(key)[0] == "Unknown"
    assert tenant.data("one") == {"color": "red"}


def test_an_artifact_is_read_by_whom_its_secret_and_project_let_in(tenant: Tenant, registry: Registry) -> None:
    push(registry, "latest", {"one.yaml": a_config_map("one")})
    know(tenant, f"oci://{registry.host}/team/apps", type="oci", insecureOCIForceHttp="true", password="wrong")
    key = deploy(tenant, an_artifact(registry))
    assert "credentials" in tenant.conditions(key)["ComparisonError"]
    asked = len(registry.http.asked)
    project = tenant.project(sourceRepos=["https://else.where/*"])
    tenant.edit(key, project=project)
    assert "is not permitted in project" in tenant.conditions(key)["InvalidSpecError"]
    assert len(registry.http.asked) == asked


def offer(server: ChartServer, name: str, version: str, **values: str) -> None:
    server.add(name, version, a_chart(name, version, **values))


def a_chart_source(server: ChartServer, revision: str, **fields: Any) -> JsonObject:
    return {"repoURL": server.url, "chart": "web", "targetRevision": revision, **fields}


def shown(tenant: Tenant, chart: str = "web") -> JsonObject | None:
    """What the chart's ConfigMap says."""
    return tenant.data(f"{tenant.repo}-{chart}")


def test_a_chart_is_deployed_from_its_repository_and_its_version_is_shown(tenant: Tenant, server: ChartServer) -> None:
    know(tenant, server.url, type="helm")
    offer(server, "web", "1.0.0")
    offer(server, "web", "1.1.0", color="red")
    key = deploy(tenant, a_chart_source(server, "1.0.0"))

    assert (shown(tenant), tenant.verdict(key)) == ({"version": "1.0.0"}, ("Synced", "Healthy"))
    status = tenant.status(key)
    assert (status["sync"]["revision"], status["sourceType"]) == ("1.0.0", "Helm")
    assert (status["history"][0]["revision"], tenant.conditions(key)) == ("1.0.0", {})
    tenant.edit(
        key, source=a_chart_source(server, "1.1.0", helm={"parameters": [{"name": "shown.color", "value": "blue"}]})
    )
    assert shown(tenant) == {"version": "1.1.0", "color": "blue"}


def test_a_range_floats_says_so_and_follows_new_versions(tenant: Tenant, server: ChartServer) -> None:
    know(tenant, server.url, type="helm")
    offer(server, "web", "1.0.0")
    key = deploy(tenant, a_chart_source(server, "1.x"))
    warned = tenant.conditions(key)["FloatingVersionWarning"]
    assert "targetRevision 1.x now means 1.0.0" in warned
    poll(tenant, server.url)
    tenant.reconcile(key)
    tenant.issued.clear()

    offer(server, "web", "1.3.0")
    offer(server, "web", "2.0.0")
    tenant.services.readers.charts._repositories._indexes.clear()
    poll(tenant, server.url)
    assert is_woken(tenant, key)
    tenant.reconcile(key)
    assert shown(tenant) == {"version": "1.3.0"}
    assert tenant.status(key)["sync"]["revision"] == "1.3.0"
    assert "now means 1.3.0" in tenant.conditions(key)["FloatingVersionWarning"]
    assert tenant.verdict(key)[0] == "Synced"


def test_a_chart_is_deployed_from_a_registry(tenant: Tenant, registry: Registry) -> None:
    address = f"{registry.host}/charts"
    know(tenant, address, type="helm", enableOCI="true", insecureOCIForceHttp="true")
    registry.push_chart("charts/web", "1.0.0", a_chart("web", "1.0.0"))
    key = deploy(tenant, {"repoURL": address, "chart": "web", "targetRevision": "1.0.0"})
    assert (shown(tenant), tenant.verdict(key)) == ({"version": "1.0.0"}, ("Synced", "Healthy"))
    assert (tenant.status(key)["sync"]["revision"], tenant.status(key)["sourceType"]) == ("1.0.0", "Helm")


def test_pass_credentials_reaches_the_fetch(tenant: Tenant, server: ChartServer) -> None:
    elsewhere = start_chart_server(login=LOGIN)
    try:
        know(tenant, server.url, type="helm")
        offer(server, "web", "1.0.0")
        elsewhere.files = server.files
        server.urls["web-1.0.0.tgz"] = f"{elsewhere.url}/web-1.0.0.tgz"
        key = deploy(tenant, a_chart_source(server, "1.0.0"))
        assert "is no public address" in tenant.conditions(key)["ComparisonError"]
        known = {"url": f"{elsewhere.url}/of-somebody", "type": "helm"}
        metadata = {"name": f"other-{tenant.repo}", "namespace": tenant.control_namespace}
        labels = {SECRET_TYPE: "repository"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {**metadata, "labels": labels}, "stringData": known}
        tenant.plane.api.apply(secret)
        tenant.services.readers.catalog.invalidate()
        tenant.reconcile(key)
        assert "(HTTP 401)" in tenant.conditions(key)["ComparisonError"]
        tenant.edit(key, source=a_chart_source(server, "1.0.0", helm={"passCredentials": True}))
        assert shown(tenant) == {"version": "1.0.0"}
    finally:
        elsewhere.stop()


def a_parent(tenant: Tenant, *lines: str, lock: str = "") -> None:
    """A chart in Git that depends on others, which do not lie there."""
    files = chart_files("parent", "1.0.0", dependencies=("dependencies:", *lines))
    found = {path.replace("parent/", "web/"): text for path, text in files.items()}
    tenant.git.create(tenant.repo, found | ({"web/Chart.lock": lock} if lock else {}))


def depends(name: str, repository: str, version: str, *more: str) -> tuple[str, ...]:
    return (
        f"- name: {name}",
        f"  repository: {repository!r}",
        f"  version: {version!r}",
        *(f"  {line}" for line in more),
    )


def deploy_parent(tenant: Tenant, **spec: Any) -> AppKey:
    key = tenant.create(tenant.application(**spec))
    tenant.reconcile(key)
    return key


def test_what_a_chart_in_git_depends_on_is_fetched_and_followed(tenant: Tenant, server: ChartServer) -> None:
    know(tenant, server.url, type="helm", name=f"name-{tenant.repo}")
    offer(server, "cache", "1.0.0", size="small")
    offer(server, "queue", "3.1.0")
    a_parent(tenant, *depends("cache", server.url, "1.x"), *depends("queue", f"@name-{tenant.repo}", "3.1.0"))
    key = deploy_parent(tenant)

    assert tenant.verdict(key) == ("Synced", "Healthy"), tenant.conditions(key)
    assert shown(tenant, "cache") == {"version": "1.0.0", "size": "small"}
    assert shown(tenant, "queue") == {"version": "3.1.0"}
    poll(tenant, server.url)
    tenant.reconcile(key)
    tenant.issued.clear()
    offer(server, "cache", "1.2.0", size="large")
    tenant.services.readers.charts._repositories._indexes.clear()
    poll(tenant, server.url)
    assert is_woken(tenant, key)
    tenant.reconcile(key)
    assert shown(tenant, "cache") == {"version": "1.2.0", "size": "large"}


def test_a_dependency_comes_from_a_registry_too(tenant: Tenant, registry: Registry) -> None:
    know(tenant, f"oci://{registry.host}/charts", type="oci", insecureOCIForceHttp="true")
    registry.push_chart("charts/cache", "1.0.0", a_chart("cache", "1.0.0"))
    a_parent(tenant, *depends("cache", f"oci://{registry.host}/charts", "1.0.0"))
    deploy_parent(tenant)
    assert shown(tenant, "cache") == {"version": "1.0.0"}


def test_a_dependency_that_cannot_be_had_is_named(tenant: Tenant, server: ChartServer) -> None:
    offer(server, "cache", "1.0.0")
    a_parent(tenant, *depends("cache", server.url, "1.0.0"))
    project = tenant.project(sourceRepos=[tenant.repo_url])
    key = deploy_parent(tenant, project=project)
    told = tenant.conditions(key)["ComparisonError"]
    assert "dependency cache" in told
    assert "is not permitted in project" in told
    assert not server.http.asked
    know(tenant, server.url, type="helm", password="wrong")
    tenant.reconcile(key)
    assert "dependency cache" in tenant.conditions(key)["ComparisonError"]
    assert "credentials were refused" in tenant.conditions(key)["ComparisonError"]
    know(tenant, server.url, type="helm")
    tenant.reconcile(key)
    assert shown(tenant, "cache") == {"version": "1.0.0"}
