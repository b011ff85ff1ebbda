"""Kustomize and Jsonnet from a push to the cluster: real Git repositories, a real API server, one worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map

RED, BLUE = a_config_map("one", color="red"), a_config_map("one", color="blue")
BASE = {"base/kustomization.yaml": "resources: [one.yaml]\n", "base/one.yaml": RED}
OVERLAYS = {
    f"overlays/{name}/kustomization.yaml": f"resources: [../../base]\nnamePrefix: {name}-\n" for name in ("dev", "prod")
}
OUTSIDE = {"web/kustomization.yaml": "resources: [../shared/one.yaml]\n", "shared/one.yaml": RED}


def deploy(tenant: Tenant, path: str, name: str = "", *, metadata: JsonObject | None = None, **source: Any) -> AppKey:
    """An Application of this folder, reconciled once."""
    application = tenant.application(name, path)
    application["spec"]["source"] |= source
    application["metadata"] |= metadata or {}
    key = tenant.create(application)
    tenant.reconcile(key)
    return key


def woken(tenant: Tenant) -> set[str]:
    """The tenant's Applications that are due since they were last reconciled."""
    tenant.issued.update(issued.entry for issued in tenant.services.due.drain())
    return {entry.app_key.name for entry in tenant.issued if entry.kind == "app" and tenant.repo in entry.name}


def push(tenant: Tenant, files: dict[str, str | None], repo: str = "") -> set[str]:
    """Commits files and refreshes; who is woken."""
    tenant.git.commit(repo or tenant.repo, files)
    tenant.refresh(tenant.git.repo_url(repo or tenant.repo))
    return woken(tenant)


@pytest.fixture
def settings(tenant: Tenant) -> Iterator[Tenant]:
    yield tenant
    tenant.settings({})


def test_a_push_to_a_base_is_deployed_by_every_overlay_and_one_to_an_overlay_by_that_only(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, {**BASE, **OVERLAYS, "README.md": "hello"})
    dev, prod = (deploy(tenant, f"overlays/{name}", f"{tenant.repo}-{name}") for name in ("dev", "prod"))
    assert (tenant.data("dev-one"), tenant.data("prod-one")) == ({"color": "red"}, {"color": "red"})
    assert tenant.status(dev)["sourceType"] == "Kustomize"
    assert tenant.verdict(dev) == ("Synced", "Healthy")

    assert push(tenant, {"base/one.yaml": BLUE}) == {dev.name, prod.name}
    for key in (dev, prod):
        tenant.reconcile(key)
    assert (tenant.data("dev-one"), tenant.data("prod-one")) == ({"color": "blue"}, {"color": "blue"})

    assert push(tenant, {"overlays/dev/kustomization.yaml": "resources: [../../base]\nnamePrefix: new-\n"}) == {
        dev.name
    }
    tenant.reconcile(dev)
    assert push(tenant, {"README.md": "world", "base/unused.yaml": RED}) == set()


def test_the_overrides_of_an_application_reach_the_cluster(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, BASE)
    deploy(tenant, "base", kustomize={"namePrefix": "a-", "commonLabels": {"app": "$ARGOCD_APP_NAME"}})
    found = tenant.config_map("a-one")
    assert found is not None
    assert found["metadata"]["labels"] == {"app": tenant.repo}


def test_an_override_file_is_waited_for_and_only_that_of_this_application(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, BASE)
    key = deploy(tenant, "base")

    assert push(tenant, {"base/.argocd-source-other.yaml": "kustomize: {namePrefix: other-}\n"}) == set()
    assert push(tenant, {f"base/.argocd-source-{key.name}.yaml": "kustomize: {namePrefix: own-}\n"}) == {key.name}
    tenant.reconcile(key)
    assert tenant.data("own-one") == {"color": "red"}


def test_an_application_that_shows_its_revision_is_woken_by_every_commit(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, BASE)
    labels = {"commonLabels": {"commit": "$ARGOCD_APP_REVISION_SHORT"}, "labelWithoutSelector": True}
    key = deploy(tenant, "base", kustomize=labels)

    assert push(tenant, {"README.md": "hello"}) == {key.name}
    tenant.reconcile(key)
    found = tenant.config_map("one")
    assert found is not None
    assert found["metadata"]["labels"] == {"commit": tenant.git.repository(tenant.repo).refs()["refs/heads/main"][:7]}


def test_jsonnet_sees_the_application_and_its_libraries_wake_it(tenant: Tenant) -> None:
    main = "(import 'lib.libsonnet') + { metadata: { name: 'one' }, data: { app: std.extVar('app'), color: $.tint } }"
    library = "{ apiVersion: 'v1', kind: 'ConfigMap', tint:: 'red' }"
    tenant.git.create(tenant.repo, {"web/one.jsonnet": main, "vendor/lib.libsonnet": library})
    values = [{"name": "app", "value": "$ARGOCD_APP_NAME in $ARGOCD_APP_NAMESPACE"}]
    key = deploy(tenant, "web", directory={"jsonnet": {"extVars": values, "libs": ["vendor"]}})
    assert tenant.data("one") == {"app": f"{key.name} in {tenant.target_namespace}", "color": "red"}

    assert push(tenant, {"vendor/lib.libsonnet": library.replace("red", "blue")}) == {key.name}
    tenant.reconcile(key)
    assert (tenant.data("one") or {})["color"] == "blue"


def elsewhere(tenant: Tenant) -> str:
    """A second repository of the tenant's, with the base in it; its URL."""
    tenant.git.create(f"{tenant.repo}-bases", BASE)
    url = tenant.git.repo_url(f"{tenant.repo}-bases")
    tenant.git.create(tenant.repo, {"web/kustomization.yaml": f"resources: ['{url}//base?ref=main']\n"})
    return url


def test_a_base_in_another_repository_is_pinned_followed_and_remembered(tenant: Tenant) -> None:
    elsewhere(tenant)
    key = deploy(tenant, "web")
    assert tenant.data("one") == {"color": "red"}

    assert push(tenant, {"base/unused.yaml": RED}, f"{tenant.repo}-bases") == set()
    assert push(tenant, {"base/one.yaml": BLUE}, f"{tenant.repo}-bases") == {key.name}
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "blue"}

    asked = tenant.git.requests.total()
    tenant.reconcile(key)
    assert tenant.git.requests.total() == asked, "what a refresh has resolved is not asked for again"


def test_a_base_in_a_repository_that_the_project_forbids_is_neither_asked_for_nor_deployed(tenant: Tenant) -> None:
    url = elsewhere(tenant)
    project = tenant.project(sourceRepos=[tenant.repo_url])
    application = tenant.application(path="web", project=project)
    key = tenant.create(application)
    tenant.reconcile(key)

    told = tenant.conditions(key)["ComparisonError"]
    assert f"repository {url} is not permitted in project '{project}'" in told
    asked = tenant.git.requests.total()
    tenant.reconcile(key)
    assert (tenant.data("one"), tenant.git.requests.total()) == (None, asked)

    tenant.project(sourceRepos=[tenant.repo_url, url])
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "red"}


@pytest.fixture
def files(tmp_path: Path) -> Iterator[str]:
    """The address of a web server that has `one.yaml` and nothing else."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "one.yaml").write_text(RED)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def test_a_file_from_a_web_server_is_deployed_where_the_project_allows_its_address(tenant: Tenant, files: str) -> None:
    tenant.git.create(tenant.repo, {"web/kustomization.yaml": f"resources: ['{files}/one.yaml?token=secret']\n"})
    project = tenant.project(sourceRepos=[tenant.repo_url])
    key = tenant.create(tenant.application(path="web", project=project))
    tenant.reconcile(key)
    told = tenant.conditions(key)["ComparisonError"]
    assert f"{files}/one.yaml is not permitted in project '{project}'" in told

    tenant.project(sourceRepos=[tenant.repo_url, f"{files}/*"])
    tenant.reconcile(key)
    assert tenant.data("one") == {"color": "red"}

    tenant.push({"kustomization.yaml": f"resources: ['{files}/gone.yaml']\n"})
    tenant.reconcile(key)
    assert f"{files}/gone.yaml: there is nothing" in tenant.conditions(key)["ComparisonError"]
    assert tenant.data("one") == {"color": "red"}, "an error is no evidence of absence"


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/latest/x.yaml"])
def test_where_clouds_keep_credentials_nothing_is_fetched(tenant: Tenant, address: str) -> None:
    tenant.git.create(tenant.repo, {"web/kustomization.yaml": f"resources: ['{address}']\n"})
    key = deploy(tenant, "web")
    assert "gives machines their credentials" in tenant.conditions(key)["ComparisonError"]


def test_the_options_of_the_settings_hold_for_every_build(settings: Tenant) -> None:
    settings.git.create(settings.repo, OUTSIDE)
    key = deploy(settings, "web")
    assert "is not in or below 'web'" in settings.conditions(key)["ComparisonError"]

    settings.settings({"kustomize.buildOptions": "--load-restrictor LoadRestrictionsNone"})
    settings.reconcile(key)
    assert settings.data("one") == {"color": "red"}


def test_one_application_may_be_allowed_to_read_its_whole_repository(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, OUTSIDE)
    deploy(tenant, "web", metadata={"annotations": {"reconciler.dev/kustomize-load-restrictor": "none"}})
    assert tenant.data("one") == {"color": "red"}
