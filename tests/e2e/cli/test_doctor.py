"""The doctor finds what is broken, names it, and says how to mend it."""

from __future__ import annotations

import pytest
import redis

from reconciler.sandbox.chartserver import start_chart_server
from reconciler.sandbox.valkey import Valkey
from tests.support.archives import a_chart
from tests.support.flow import ROOT_KEY, Crew
from tests.support.shell import Shell

STATEFUL_SET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "spec": {
        "replicas": 1,
        "serviceName": "argocd",
        "selector": {"matchLabels": {"app": "argocd"}},
        "template": {
            "metadata": {"labels": {"app": "argocd"}},
            "spec": {"containers": [{"name": "controller", "image": "registry.example/argocd:3"}]},
        },
    },
}


@pytest.fixture
def valkey(own_valkey: Valkey) -> Valkey:
    """One whose settings may be spoiled."""
    return own_valkey


@pytest.fixture
def shell(shell: Shell, valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """With the environment of a worker that may write everything."""
    monkeypatch.setenv("RECONCILER_REDIS_URL", valkey.url)
    monkeypatch.setenv("RECONCILER_ROOT_KEY", ROOT_KEY)
    monkeypatch.setenv("RECONCILER_MANAGE", "all")
    return shell


def levels(shell: Shell) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and level and remedy by subject."""
    answer = shell("doctor", "-o", "json")
    return answer.code, {item["subject"]: (item["level"], item["mend"]) for item in answer.json}


def test_a_healthy_installation_has_nothing_to_mend(crew: Crew, shell: Shell) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"})
    crew.reconcile(crew.create(crew.application()))
    code, found = levels(shell)
    assert code == 0
    assert {level for level, _ in found.values()} == {"ok"}
    assert {"Redis", "renderer", "rights", "root key", f"repository {crew.repo_url}"} <= set(found)
    told = shell.ok("doctor").out
    assert "it cannot" in told
    assert "→" not in told


def test_each_fault_is_found_and_comes_with_its_remedy(crew: Crew, shell: Shell, valkey: Valkey) -> None:
    client = redis.Redis.from_url(valkey.url)
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.close()
    rival = {"name": "argocd-application-controller", "namespace": crew.control_namespace}
    crew.plane.api.apply({**STATEFUL_SET, "metadata": rival})
    crew.create(crew.application(source={"repoURL": crew.git.repo_url("gone"), "path": ".", "targetRevision": "main"}))
    code, found = levels(shell)
    assert code == 1
    broken = {subject: mend for subject, (level, mend) in found.items() if level == "fail"}
    assert set(broken) == {"Redis", "rival controllers", f"repository {crew.git.repo_url('gone')}"}
    assert "maxmemory-policy noeviction" in broken["Redis"]
    assert "scale it to 0" in broken["rival controllers"]
    assert found["renderer"][0] == "ok"


def test_charts_are_looked_for_in_their_repositories(crew: Crew, shell: Shell) -> None:
    server = start_chart_server()
    server.add("web", "1.2.0", a_chart("web", "1.2.0"))
    for name, chart, revision in (("there", "web", "1.x"), ("gone", "web", "3.0.0")):
        source = {"repoURL": server.url, "chart": chart, "targetRevision": revision}
        crew.create(crew.application(name, source=source))
    told = shell("doctor").out
    server.stop()
    assert "1.x is 1.2.0" in told
    assert f"chart web 3.0.0 is not found in {server.url}, which has 1.2.0" in " ".join(told.split())


def test_a_status_that_somebody_else_writes_is_seen(crew: Crew, shell: Shell) -> None:
    key = crew.create(crew.application())
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{key.namespace}/applications/{key.name}"
    crew.plane.api.patch(
        f"{path}?fieldManager=argocd-application-controller", {"status": {"sync": {"status": "Synced"}}}
    )
    _, found = levels(shell)
    assert found["writers of Applications"][0] == "warn"


def test_redis_that_is_not_there_and_a_missing_key_are_no_riddle(
    crew: Crew, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.delenv("RECONCILER_ROOT_KEY")
    monkeypatch.setenv("RECONCILER_RENDERER_PATH", "/no/such/renderer")
    code, found = levels(shell)
    assert code == 1
    assert [found[name][0] for name in ("Redis", "root key", "renderer")] == ["fail", "warn", "fail"]
    assert shell("doctor", "--without-redis", "-o", "json").json[-1]["level"] == "fail"
