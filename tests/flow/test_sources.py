"""Applications of several sources: real Git repositories, a real API server, one worker."""

from __future__ import annotations

from typing import Any

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from tests.flow.tenancy import Tenant, a_config_map


def second(tenant: Tenant) -> str:
    """The name of the tenant's other repository."""
    return f"{tenant.repo}-base"


def a_source(tenant: Tenant, path: str, *, base: bool = False, **fields: Any) -> JsonObject:
    repo = second(tenant) if base else tenant.repo
    return {"repoURL": tenant.git.repo_url(repo), "path": path, "targetRevision": "main", **fields}


def deploy(tenant: Tenant, *sources: JsonObject, name: str = "", **spec: Any) -> AppKey:
    """Two repositories, and an Application of these sources that was reconciled once."""
    if not name:
        tenant.git.create(tenant.repo, {"web/one.yaml": a_config_map("one", color="red"), "values/x.yaml": "x: 1"})
        tenant.git.create(second(tenant), {"base/two.yaml": a_config_map("two", color="red")})
    application = tenant.application(name, **{"sources": list(sources), **spec})
    del application["spec"]["source"]
    key = tenant.create(application)
    tenant.reconcile(key)
    return key


def both(tenant: Tenant, **spec: Any) -> AppKey:
    return deploy(tenant, a_source(tenant, "web"), a_source(tenant, "base", base=True), **spec)


def woken(tenant: Tenant) -> set[str]:
    """The tenant's Applications that are due since they were last reconciled."""
    tenant.issued.update(issued.entry for issued in tenant.services.due.drain())
    return {entry.app_key.name for entry in tenant.issued if entry.kind == "app" and tenant.repo in entry.name}


def heads(tenant: Tenant) -> list[str]:
    repositories = (tenant.git.repository(name) for name in (tenant.repo, second(tenant)))
    return [repository.refs()["refs/heads/main"] for repository in repositories]


def test_several_sources_are_one_application_with_a_revision_for_each(tenant: Tenant) -> None:
    key = both(tenant)

    assert (tenant.data("one"), tenant.data("two")) == ({"color": "red"}, {"color": "red"})
    app, status = tenant.read(key), tenant.status(key)
    assert tenant.verdict(key) == ("Synced", "Healthy")
    assert status["sync"]["revisions"] == heads(tenant)
    assert "revision" not in status["sync"]
    assert status["sync"]["comparedTo"]["sources"] == app["spec"]["sources"]
    assert (status["sourceTypes"], "sourceType" in status) == (["Directory", "Directory"], False)
    result, entry = status["operationState"]["syncResult"], status["history"][0]
    assert (result["revisions"], result["sources"]) == (heads(tenant), app["spec"]["sources"])
    assert (entry["revisions"], entry["sources"]) == (heads(tenant), app["spec"]["sources"])
    assert status["operationState"]["operation"]["sync"]["revisions"] == heads(tenant)


def test_a_push_to_any_of_its_repositories_wakes_the_application_and_is_deployed(tenant: Tenant) -> None:
    key = both(tenant)
    for repo, path, name in ((tenant.repo, "web/one.yaml", "one"), (second(tenant), "base/two.yaml", "two")):
        tenant.git.commit(repo, {path: a_config_map(name, color="blue")})
        tenant.refresh(tenant.git.repo_url(repo))
        assert woken(tenant) == {key.name}
        tenant.reconcile(key)
        assert tenant.data(name) == {"color": "blue"}
    assert tenant.status(key)["sync"]["revisions"] == heads(tenant)
    assert len(tenant.status(key)["history"]) == 3


def test_a_push_of_what_no_source_reads_wakes_nobody(tenant: Tenant) -> None:
    key = both(tenant)
    tenant.git.commit(second(tenant), {"README.md": "hello"})
    tenant.refresh(tenant.git.repo_url(second(tenant)))
    assert woken(tenant) == set()
    assert tenant.reconcile(key).sync == "Synced"


def test_of_two_sources_that_give_the_same_object_the_last_counts_with_a_warning(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, {"web/one.yaml": a_config_map("one", color="red")})
    tenant.git.create(second(tenant), {"base/one.yaml": a_config_map("one", color="green")})
    key = deploy(tenant, a_source(tenant, "web"), a_source(tenant, "base", base=True), name=tenant.repo)

    assert tenant.data("one") == {"color": "green"}
    warning = tenant.conditions(key)["RepeatedResourceWarning"]
    assert f"/ConfigMap/{tenant.target_namespace}/one appeared 2 times" in warning
    assert tenant.verdict(key)[0] == "Synced"


def test_a_source_with_a_ref_and_no_path_renders_nothing(tenant: Tenant) -> None:
    lender = {key: value for key, value in a_source(tenant, "", base=True, ref="base").items() if key != "path"}
    key = deploy(tenant, a_source(tenant, "web"), lender)

    assert (tenant.data("one"), tenant.data("two")) == ({"color": "red"}, None)
    status = tenant.status(key)
    assert status["sync"]["revisions"] == heads(tenant)
    assert status["sourceTypes"] == ["Directory", ""]


def test_a_source_with_a_ref_and_a_path_renders_too(tenant: Tenant) -> None:
    deploy(tenant, a_source(tenant, "web"), a_source(tenant, "base", base=True, ref="base"))
    assert tenant.data("two") == {"color": "red"}


def test_the_error_of_one_source_names_it_and_its_mending_wakes_the_application(tenant: Tenant) -> None:
    key = deploy(tenant, a_source(tenant, "web"), a_source(tenant, "nowhere", base=True))

    assert tenant.conditions(key)["ComparisonError"].startswith("source 2 of 2: app path 'nowhere' does not exist")
    assert tenant.verdict(key)[0] == "Unknown"
    tenant.git.commit(second(tenant), {"nowhere/two.yaml": a_config_map("two", color="red")})
    tenant.refresh(tenant.git.repo_url(second(tenant)))
    assert woken(tenant) == {key.name}
    tenant.reconcile(key)
    assert (tenant.verdict(key)[0], tenant.conditions(key)) == ("Synced", {})


def test_every_source_has_to_be_permitted_by_the_project_refs_included(tenant: Tenant) -> None:
    project = tenant.project(sourceRepos=[tenant.repo_url])
    lender = {"repoURL": tenant.git.repo_url(second(tenant)), "ref": "base", "targetRevision": "main"}
    before = tenant.git.requests.total()
    key = deploy(tenant, a_source(tenant, "web"), lender, project=project)

    assert tenant.conditions(key)["InvalidSpecError"] == (
        f"application repo {lender['repoURL']} is not permitted in project '{project}'"
    )
    assert (tenant.data("one"), tenant.git.requests.total()) == (None, before), "nobody looked into either of them"


def test_an_operation_on_a_source_that_the_project_forbids_ends_with_that(tenant: Tenant) -> None:
    project = tenant.project(sourceRepos=[tenant.repo_url])
    tenant.git.create(second(tenant), {"base/two.yaml": a_config_map("two", color="red")})
    key = tenant.deploy({"one.yaml": a_config_map("one", color="red")}, project=project, syncPolicy={})
    tenant.ask(key, source=a_source(tenant, "base", base=True))

    tenant.reconcile(key)

    assert tenant.state(key)["phase"] == "Error"
    assert "is not permitted in project" in tenant.state(key)["message"]
    assert tenant.data("two") is None


def test_sources_that_cannot_stand_together_are_an_invalid_spec(tenant: Tenant) -> None:
    key = deploy(tenant, a_source(tenant, "web", ref="a"), a_source(tenant, "base", base=True, ref="a"))
    assert "multiple sources had the same `ref` key" in tenant.conditions(key)["InvalidSpecError"]
    assert tenant.data("one") is None


def test_a_rollback_pins_each_source_and_the_next_push_is_followed_again(tenant: Tenant) -> None:
    key = both(tenant, syncPolicy={})
    tenant.ask(key)
    tenant.reconcile(key)
    first = heads(tenant)
    tenant.git.commit(second(tenant), {"base/two.yaml": a_config_map("two", color="blue")})
    tenant.refresh(tenant.git.repo_url(second(tenant)))
    tenant.ask(key)
    tenant.reconcile(key)
    assert tenant.data("two") == {"color": "blue"}

    entry = tenant.status(key)["history"][0]
    tenant.ask(key, revisions=entry["revisions"], sources=entry["sources"])
    tenant.reconcile(key)

    assert tenant.data("two") == {"color": "red"}
    assert tenant.state(key)["syncResult"]["revisions"] == first
    woken(tenant)
    tenant.reconcile(key)
    assert tenant.verdict(key)[0] == "OutOfSync"
    tenant.git.commit(second(tenant), {"base/two.yaml": a_config_map("two", color="green")})
    tenant.refresh(tenant.git.repo_url(second(tenant)))
    assert woken(tenant) == {key.name}


def test_a_revision_that_failed_is_not_tried_again_until_one_of_the_sources_moves(tenant: Tenant) -> None:
    key = both(tenant, syncPolicy={"automated": {}, "retry": {"limit": 0}})
    broken = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: two\ndata: {not a key: x}\n"
    tenant.git.commit(second(tenant), {"base/two.yaml": broken})
    tenant.refresh(tenant.git.repo_url(second(tenant)))
    tenant.reconcile(key)
    assert tenant.state(key)["phase"] == "Failed"
    failed_at = tenant.state(key)["finishedAt"]

    tenant.let_pass(400)
    tenant.reconcile(key)
    assert tenant.conditions(key)["SyncError"].startswith(f"Failed last sync attempt to [{','.join(heads(tenant))}]")
    assert tenant.state(key)["finishedAt"] == failed_at

    tenant.git.commit(tenant.repo, {"web/one.yaml": a_config_map("one", color="blue")})
    tenant.refresh()
    tenant.reconcile(key)
    assert tenant.state(key)["finishedAt"] != failed_at


def test_a_tag_is_deployed_when_it_is_the_highest_of_the_range(tenant: Tenant) -> None:
    tenant.git.create(tenant.repo, {"web/one.yaml": a_config_map("one", color="red")})
    repository = tenant.git.repository(tenant.repo)
    repository.git("tag", "web/1.0.0", "main")
    source = a_source(tenant, "web", targetRevision="^1", tagPrefix="web/")
    key = tenant.create(tenant.application(source=source))
    tenant.reconcile(key)
    assert tenant.verdict(key) == ("Synced", "Healthy")

    commit = tenant.git.commit(tenant.repo, {"web/one.yaml": a_config_map("one", color="blue")})
    repository.git("tag", "web/1.1.0", commit)
    tenant.refresh()
    assert woken(tenant) == {key.name}
    tenant.reconcile(key)
    assert (tenant.data("one"), tenant.status(key)["sync"]["revision"]) == ({"color": "blue"}, commit)
