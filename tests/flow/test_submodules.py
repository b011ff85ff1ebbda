"""Applications whose files lie in submodules: real Git repositories, under the project's policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map


def commit_of(tenant: Tenant, repo: str) -> str:
    return tenant.git.repository(repo).refs()["refs/heads/main"]


def pin(tenant: Tenant, url: str, commit: str) -> None:
    """A commit that sets the submodule `web/libs`, and a refresh."""
    repository = tenant.git.repository(tenant.repo)
    modules = f'[submodule "libs"]\n\tpath = web/libs\n\turl = {url}\n'
    stream = (
        "commit refs/heads/main\ncommitter Sandbox <sandbox@example.com> now\ndata 3\nPin\n"
        f"from {repository.refs()['refs/heads/main']}\nM 160000 {commit} web/libs\n"
        f"M 100644 inline .gitmodules\ndata {len(modules)}\n{modules}\n"
    )
    repository.git("fast-import", "--quiet", "--date-format=now", stdin=stream.encode())
    tenant.refresh()


def deploy(tenant: Tenant, url: str = "", **spec: Any) -> AppKey:
    """An application that recurses into a submodule whose repository has one ConfigMap."""
    libs = f"{tenant.repo}-libs"
    tenant.git.create(libs, {"two.yaml": a_config_map("two", color="red")})
    tenant.git.create(tenant.repo, {"web/one.yaml": a_config_map("one", color="red")})
    source = {"repoURL": tenant.repo_url, "path": "web", "targetRevision": "main", "directory": {"recurse": True}}
    key = tenant.create(tenant.application(**{"source": source, **spec}))
    tenant.reconcile(key)
    pin(tenant, url or f"../{libs}.git", commit_of(tenant, libs))
    tenant.reconcile(key)
    return key


def test_files_of_a_submodule_are_deployed_at_the_pinned_commit(tenant: Tenant) -> None:
    key = deploy(tenant)
    assert (tenant.data("one"), tenant.data("two")) == ({"color": "red"}, {"color": "red"})
    libs = f"{tenant.repo}-libs"
    tenant.git.commit(libs, {"two.yaml": a_config_map("two", color="blue")})
    tenant.reconcile(key)
    assert tenant.data("two") == {"color": "red"}, "only a new pin moves it"
    pin(tenant, f"../{libs}.git", commit_of(tenant, libs))
    tenant.issued.update(issued.entry for issued in tenant.services.due.drain())
    assert key.name in {entry.app_key.name for entry in tenant.issued if entry.kind == "app"}, "the pin wakes it"
    tenant.reconcile(key)
    assert tenant.data("two") == {"color": "blue"}


def test_a_submodule_that_the_project_does_not_permit_is_refused_and_nothing_is_touched(tenant: Tenant) -> None:
    key = deploy(tenant, project=tenant.project(sourceRepos=[tenant.repo_url]))
    message = tenant.conditions(key)["ComparisonError"]
    assert message.startswith("submodule web/libs: repository ")
    assert "is not permitted in project" in message
    assert (tenant.data("one"), tenant.data("two")) == ({"color": "red"}, None)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc", "only https, http and ssh are served"),
        ("/etc", "is refused"),
        ("ext::sh -c 'touch /tmp/pwned'", "is refused"),
        ("--upload-pack=touch", "is refused"),
        ("ssh://-oProxyCommand=touch/x", "is refused"),
        ("../../../../elsewhere.git", "leads out of the host"),
        ("https://git.example/a%0ab.git", "is refused"),
    ],
)
def test_addresses_of_submodules_are_held_to_the_same_shapes(tenant: Tenant, url: str, words: str) -> None:
    key = deploy(tenant, url)
    assert words in tenant.conditions(key)["ComparisonError"]
    assert tenant.data("two") is None


@pytest.mark.parametrize("address", ["http://169.254.169.254/a.git", "ssh://git@169.254.169.254/a.git"])
def test_where_clouds_keep_credentials_no_submodule_is_asked_for(tenant: Tenant, address: str) -> None:
    key = deploy(tenant, address)
    assert "gives machines their credentials" in tenant.conditions(key)["ComparisonError"]
    assert tenant.data("two") is None


@pytest.fixture
def params(tenant: Tenant) -> Iterator[JsonObject]:
    labels = {"app.kubernetes.io/part-of": "argocd"}
    metadata = {"name": "argocd-cmd-params-cm", "namespace": tenant.control_namespace, "labels": labels}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    yield body
    tenant.plane.api.delete(tenant.plane.api.path(body))
    tenant.services.readers.catalog.invalidate()


def test_settings_switch_submodules_off(tenant: Tenant, params: JsonObject) -> None:
    tenant.plane.api.apply({**params, "data": {"reposerver.enable.git.submodule": "false"}})
    tenant.services.readers.catalog.invalidate()
    key = deploy(tenant, "file:///etc")
    assert "ComparisonError" not in tenant.conditions(key)
    assert (tenant.data("one"), tenant.data("two")) == ({"color": "red"}, None)
