"""Clusters and repositories are registered with credentials that were tried, in Secrets that a worker reads."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.chartserver import start_chart_server
from reconciler.sandbox.controlplane import ADMIN
from reconciler.sandbox.gitserver import GitServer, start_git_server
from reconciler.sandbox.kubeconfig import write_kubeconfig
from tests.support.flow import Crew
from tests.support.shell import Shell

LOGIN = ("bot", "s3cret-password")


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    """One that lets nobody in without a login."""
    server = start_git_server(tmp_path / "git", credentials=LOGIN)
    yield server
    server.stop()


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_registered_cluster_is_one_that_a_worker_can_open(crew: Crew, shell: Shell, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "east.kubeconfig", {"admin@east": crew.plane.access(ADMIN)})
    answer = shell.ok("cluster", "add", "admin@east", "--from", str(kubeconfig), "--name", "east")
    assert f"cluster east at {crew.plane.url}: added" in answer.out
    crew.services.readers.catalog.invalidate()
    cluster = crew.services.readers.clusters.open("", "east")
    assert cluster.surface().version.startswith("v1.")
    cluster.transport.close()
    rows = {row["name"]: row for row in shell.ok("cluster", "list", "-o", "json").json}
    assert set(rows) == {"east", "in-cluster"}
    assert rows["east"]["state"] == "ok"
    again = shell("cluster", "add", "admin@east", "--from", str(kubeconfig), "--name", "east")
    assert (again.code, "pass --upsert" in again.err) == (1, True)
    shell.ok("cluster", "add", "admin@east", "--from", str(kubeconfig), "--name", "orient", "--upsert")
    assert "orient" in shell.ok("cluster", "list").out


def test_a_repository_of_charts_is_tried_before_it_is_stored(
    crew: Crew, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_chart_server(login=LOGIN)
    try:
        typed(monkeypatch, "wrong\n")
        answer = shell("repo", "add", server.url, "--type", "helm", "--username", LOGIN[0])
        assert (answer.code, "credentials were refused" in answer.err) == (1, True)
        typed(monkeypatch, f"{LOGIN[1]}\n")
        told = shell.ok("repo", "add", server.url, "--type", "helm", "--username", LOGIN[0])
        assert "answers with an index of charts" in told.err
    finally:
        server.stop()
    assert [row["type"] for row in shell.ok("repo", "list", "-o", "json").json] == ["helm"]


def test_credentials_that_the_cluster_refuses_are_not_stored(crew: Crew, shell: Shell, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "east.kubeconfig", {"east": crew.plane.access(ADMIN)})
    wrong = json.loads(kubeconfig.read_text())
    wrong["users"][0]["user"]["token"] = "not-the-token"
    kubeconfig.write_text(json.dumps(wrong))
    answer = shell("cluster", "add", "east", "--from", str(kubeconfig))
    assert (answer.code, "does not take these credentials" in answer.err) == (1, True)
    assert "not-the-token" not in answer.err
    assert [row["name"] for row in shell.ok("cluster", "list", "-o", "json").json] == ["in-cluster"]


def test_a_registered_repository_is_one_that_a_worker_can_read(
    crew: Crew, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = crew.git.create(crew.repo, {"web/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    url = crew.git.repo_url(crew.repo)
    typed(monkeypatch, f"{LOGIN[1]}\n")
    answer = shell.ok("repo", "add", url, "--username", LOGIN[0])
    assert f"repository {url}: added" in answer.out
    key = crew.create(crew.application())
    crew.services.readers.catalog.invalidate()
    assert crew.reconcile(key).sync == "Synced"
    listed = shell.ok("repo", "list")
    assert "user bot" in listed.out
    assert LOGIN[1] not in answer.out + answer.err + listed.out


def test_a_wrong_password_is_found_out_before_it_is_stored(
    crew: Crew, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew.git.create(crew.repo)
    typed(monkeypatch, "wrong-password\n")
    answer = shell("repo", "add", crew.repo_url, "--username", LOGIN[0])
    assert (answer.code, "cannot be read" in answer.err) == (1, True)
    assert "wrong-password" not in answer.err
    assert shell.ok("repo", "list", "-o", "json").json == []


def test_a_login_without_a_password_is_refused(crew: Crew, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "")
    answer = shell("repo", "add", crew.repo_url, "--username", LOGIN[0])
    assert (answer.code, "no password" in answer.err) == (1, True)
