"""Which sources are rendered, and what a result is cached by."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import SourceError, SpecError
from reconciler.models.keys import CommitId, RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.render.limits import RequestLimits
from reconciler.render.readset import ReadLog, Sight
from reconciler.render.request import RenderJob, check_source, checked_folder, checked_path
from tests.support.trees import Content, Link, MemoryTree, Submodule

REPO = RepoUrl("https://git.corp/a")
FILES: dict[str, Content] = {"app/a.yaml": "a", "linked": Link("app"), "out": Link("../x"), "sub": Submodule()}


def a_job(path: str = "app", *, instance: str = "shop", **source: Any) -> RenderJob:
    spec = ApplicationSource.model_validate({"repoURL": REPO, "path": path, **source})
    return RenderJob(spec, REPO, CommitId("c" * 40), "default", "refs/heads/main", instance)


def folder(job: RenderJob, files: dict[str, Content]) -> str:
    return checked_folder(job, Sight(MemoryTree(files)), ReadLog(REPO, "refs/heads/main"))


@pytest.mark.parametrize(
    ("path", "clean"), [("app", "app"), (".", ""), ("./app/", "app"), ("a/../b", "b"), (" a", " a")]
)
def test_a_path_is_relative_to_the_root(path: str, clean: str) -> None:
    assert checked_path(path) == clean


@pytest.mark.parametrize(
    "path", ["..", "../..", "a/../../b", "/etc", "a\0b", "~", "~/x", "", "  ", "a\nb", "a\\b", "x" * 2000]
)
def test_any_other_path_is_an_invalid_spec(path: str) -> None:
    with pytest.raises(SpecError) as refused:
        checked_path(path)
    assert refused.value.condition == "InvalidSpecError"


@pytest.mark.parametrize(("path", "clean"), [("app", "app"), ("linked", "linked"), (".", "")])
def test_a_folder_of_plain_files_is_rendered(path: str, clean: str) -> None:
    assert folder(a_job(path), FILES) == clean


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nope", "does not exist"),
        ("out", "leaves the repository"),
        ("app/a.yaml", "is a file"),
        ("sub", "is a submodule"),
    ],
)
def test_a_path_without_a_folder_is_told(path: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as refused:
        folder(a_job(path), FILES)
    assert refused.value.condition == "ComparisonError"


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("Chart.yaml", "Helm"),
        ("kustomization.yaml", "Kustomize"),
        ("kustomization.yml", "Kustomize"),
        ("Kustomization", "Kustomize"),
    ],
)
def test_a_folder_of_another_tool_is_refused_unless_directory_is_asked_for(name: str, tool: str) -> None:
    files = FILES | {f"app/{name}": ""}
    with pytest.raises(SourceError, match=f"{name}.*{tool}.*not supported by this version"):
        folder(a_job(), files)
    assert folder(a_job(directory={"recurse": False}), files) == "app"


@pytest.mark.parametrize("name", [".argocd-source.yaml", ".argocd-source-shop.yaml"])
def test_an_override_of_this_application_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="overrides the source"):
        folder(a_job(), FILES | {f"app/{name}": ""})


def test_an_override_of_another_application_does_not_matter() -> None:
    assert folder(a_job(), FILES | {"app/.argocd-source-other.yaml": ""}) == "app"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chart", "x"),
        ("helm", {"x": 1}),
        ("kustomize", {"x": 1}),
        ("plugin", {"name": "x"}),
    ],
)
def test_a_source_of_a_later_version_names_its_field(field: str, value: object) -> None:
    with pytest.raises(SourceError, match=rf"source\.{field} is not supported"):
        check_source(ApplicationSource.model_validate({"repoURL": REPO, field: value}))


def test_jsonnet_settings_are_of_a_later_version() -> None:
    with pytest.raises(SourceError, match="jsonnet"):
        folder(a_job(directory={"jsonnet": {"libs": ["x"]}}), FILES)


def digest(job: RenderJob, *, renderer: str = "r1") -> str:
    return job.params_digest(renderer, RequestLimits())


def test_applications_of_one_source_share_their_rendering() -> None:
    assert digest(a_job(instance="one", targetRevision="main")) == digest(a_job(instance="two", targetRevision="v1"))


def test_whatever_else_changes_the_result_changes_its_key() -> None:
    job = a_job()
    others = [
        digest(a_job("other")),
        digest(a_job(directory={"recurse": True})),
        digest(a_job(directory={"include": "*.json"})),
        digest(RenderJob(job.source, job.repo, job.commit, "other", job.binding, job.instance)),
        digest(RenderJob(job.source, job.repo, job.commit, job.project, job.binding, job.instance, credentials="s")),
        digest(RenderJob(job.source, RepoUrl("https://x/y"), job.commit, job.project, job.binding, job.instance)),
        digest(job, renderer="r2"),
    ]
    assert len({digest(job), *others}) == 1 + len(others)


def test_everything_that_was_checked_is_recorded() -> None:
    log = ReadLog(REPO, "refs/heads/main")
    checked_folder(a_job(), Sight(MemoryTree(FILES)), log)
    assert {(read.kind, read.path) for read in log.reads} >= {
        ("list", "app"),
        ("file", "app/.argocd-source-shop.yaml"),
        ("file", "app/kustomization.yaml"),
    }
