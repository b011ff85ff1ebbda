"""What is counted under Argo CD's names: each operation once, each look at Git, by the pass of a real worker."""

from __future__ import annotations

import urllib3
from prometheus_client import REGISTRY

from reconciler.models.keys import AppKey, EntryKey, RepoUrl
from reconciler.sandbox.ports import free_port
from reconciler.settings import Settings
from reconciler.sources import canonical_url
from tests.support.fleet import a_config_map
from tests.support.flow import Crew
from workers.exposition import serve_metrics
from workers.worker import _parts


def counted(metric: str, /, **labels: str) -> float:
    return REGISTRY.get_sample_value(metric, labels) or 0.0


def syncs(key: AppKey, phase: str, dry_run: str = "false") -> float:
    labels = {"namespace": key.namespace, "name": key.name, "project": "default", "phase": phase, "dry_run": dry_run}
    return counted("argocd_app_sync_total", dest_server="https://kubernetes.default.svc", **labels)


def looks(crew: Crew, request_type: str) -> float:
    return counted("argocd_git_request_total", repo=canonical_url(crew.repo_url), request_type=request_type)


def worked(crew: Crew, entry: EntryKey) -> None:
    """One message as the worker's task does it, with all that it publishes."""
    crew.issue(entry, "push")
    with crew.services.due.hold(entry, "") as held:
        assert held is not None
        _parts(crew.services).passes[entry.kind](entry, held)


def test_an_operation_is_counted_once_when_it_ends(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())
    entry = EntryKey.app(key)

    worked(crew, entry)
    assert syncs(key, "Succeeded") == 1

    worked(crew, entry)
    assert syncs(key, "Succeeded") == 1, "a pass that finds nothing to do ends nothing"

    crew.git.commit(crew.repo, {"web/one.yaml": a_config_map("one", color="blue")})
    worked(crew, EntryKey("repo", RepoUrl(canonical_url(crew.repo_url))))
    worked(crew, entry)
    assert syncs(key, "Succeeded") == 2


def test_a_dry_run_and_a_failure_are_counted_as_what_they_are(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application(syncPolicy={}))
    crew.patch(key, {"operation": {"sync": {"dryRun": True}, "initiatedBy": {"username": "somebody"}}})
    worked(crew, EntryKey.app(key))
    assert (syncs(key, "Succeeded", "true"), syncs(key, "Succeeded")) == (1, 0)

    crew.git.commit(crew.repo, {"web/one.yaml": a_config_map("One", color="red")})
    worked(crew, EntryKey("repo", RepoUrl(canonical_url(crew.repo_url))))
    crew.patch(key, {"operation": {"sync": {}, "initiatedBy": {"username": "somebody"}}})
    worked(crew, EntryKey.app(key))
    assert syncs(key, "Failed") == 1


def test_looks_fetches_and_failures_of_git_are_counted_by_repository(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())
    worked(crew, EntryKey.app(key))
    assert looks(crew, "ls-remote") >= 1
    assert looks(crew, "fetch") == 1

    before = looks(crew, "ls-remote")
    crew.git.stop()
    worked(crew, EntryKey("repo", RepoUrl(canonical_url(crew.repo_url))))
    assert looks(crew, "ls-remote") == before + 1
    assert counted("argocd_git_lsremote_fail_total", repo=canonical_url(crew.repo_url)) == 1


def test_a_worker_shows_its_counters_where_a_port_is_set(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    worked(crew, EntryKey.app(crew.create(crew.application())))
    port = free_port()
    serve_metrics(Settings(metrics_port=port))
    text = urllib3.request("GET", f"http://127.0.0.1:{port}/metrics", timeout=10).data.decode()
    for name in ("argocd_app_sync_total", "argocd_app_reconcile_bucket", "argocd_app_k8s_request_total"):
        assert f"\n{name}{{" in text
    assert "argocd_app_sync_duration_seconds_total" in text
