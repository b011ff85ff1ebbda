"""Which sources are rendered, and what a result is cached by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import SourceError, SpecError
from reconciler.models.keys import CommitId, RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.render.limits import RequestLimits
from reconciler.render.readset import ReadLog, Sight
from reconciler.render.request import Prepared, RenderJob, checked_folder, checked_path, prepare
from reconciler.render.tools.directory import DirectoryParams
from reconciler.store.readindex import ReadEntry
from tests.support.trees import Content, Link, MemoryTree, Submodule

REPO = RepoUrl("https://git.corp/a")
FILES: dict[str, Content] = {"app/a.yaml": "a", "linked": Link("app"), "out": Link("../x"), "sub": Submodule()}


def a_job(path: str = "app", *, instance: str = "shop", **source: Any) -> RenderJob:
    spec = ApplicationSource.model_validate({"repoURL": REPO, "path": path, **source})
    return RenderJob(spec, REPO, CommitId("c" * 40), "default", "refs/heads/main", instance)


def prepared(job: RenderJob, files: dict[str, Content] = FILES) -> Prepared:
    return prepare(job, Sight(MemoryTree(files)), ReadLog(REPO, "refs/heads/main"))


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


@pytest.mark.parametrize("name", [".argocd-source.yaml", ".argocd-source-shop.yaml"])
def test_an_override_of_this_application_is_merged_and_read_also_when_absent(name: str) -> None:
    log = ReadLog(REPO, "refs/heads/main")
    prepare(a_job(), Sight(MemoryTree(FILES)), log)
    assert ("file", f"app/{name}") in {(read.kind, read.path) for read in log.reads}
    found = prepared(a_job(), FILES | {f"app/{name}": "directory: {recurse: true}"})
    assert isinstance(found.params, DirectoryParams)
    assert found.params.recurse


def test_an_override_of_another_application_does_not_matter() -> None:
    assert prepared(a_job(), FILES | {"app/.argocd-source-other.yaml": ""}) == prepared(a_job())


def digest(job: RenderJob, *, renderer: str = "r1") -> str:
    return prepared(job, FILES | {"other/a.yaml": ""}).key(job, renderer, RequestLimits())


def test_applications_of_one_source_share_their_rendering() -> None:
    assert digest(a_job(instance="one", targetRevision="main")) == digest(a_job(instance="two", targetRevision="v1"))


def test_what_a_source_names_of_its_application_is_in_its_key_and_nothing_else_is() -> None:
    def key(label: str, **job: Any) -> str:
        return digest(replace(a_job(kustomize={"commonLabels": {"x": label}}), **job))

    for text, facts in (
        ("$ARGOCD_APP_NAME", {"instance": "two"}),
        ("${ARGOCD_APP_NAMESPACE}", {"namespace": "two"}),
        ("$ARGOCD_APP_REVISION_SHORT", {"commit": "d" * 40}),
    ):
        assert key(text) != key(text, **facts)
        assert key("same") == key("same", **facts)


def test_a_source_that_names_its_revision_reads_every_commit() -> None:
    def reads(label: str) -> frozenset[ReadEntry]:
        log = ReadLog(REPO, "refs/heads/main")
        prepare(a_job(kustomize={"commonLabels": {"x": label}}), Sight(MemoryTree(FILES)), log)
        return log.read_set().entries

    assert ReadEntry("every") in reads("v-$ARGOCD_APP_REVISION_SHORT_8")
    assert ReadEntry("every") not in reads("$ARGOCD_APP_NAME $$ARGOCD_APP_REVISION")


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
    prepare(a_job(), Sight(MemoryTree(FILES)), log)
    assert {(read.kind, read.path) for read in log.reads} >= {
        ("file", "app"),
        ("file", "app/.argocd-source-shop.yaml"),
        ("file", "app/kustomization.yaml"),
    }
