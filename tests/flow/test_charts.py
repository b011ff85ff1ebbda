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
from tests.support.archives import a_tar

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
