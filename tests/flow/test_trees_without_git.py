"""What one worker fetched, every worker can deploy: also with an empty data folder, and with Git gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.models.manifest import JsonObject
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from tests.flow.tenancy import Tenant, a_config_map, a_tenant

RED, BLUE = {"one.yaml": a_config_map("one", color="red")}, {"one.yaml": a_config_map("one", color="blue")}
NESTED = {"deep/er/two.yaml": a_config_map("two", color="red")}
RECURSING: JsonObject = {"source": {"directory": {"recurse": True}}}


@pytest.fixture
def workers(
    control_plane: ControlPlane, valkey: Valkey, git_server: GitServer, tmp_path: Path
) -> Iterator[tuple[Tenant, Tenant]]:
    """Two workers of one installation, each with its own data folder."""
    with a_tenant(control_plane, valkey, git_server, tmp_path / "first") as first:
        shared: dict[str, Any] = {"namespace": first.control_namespace, "key_prefix": f"{first.control_namespace}:"}
        with a_tenant(control_plane, valkey, git_server, tmp_path / "second", **shared) as second:
            second.control_namespace, second.target_namespace = first.control_namespace, first.target_namespace
            second.repo = first.repo
            yield first, second


def test_a_worker_deploys_without_git_what_another_one_fetched(workers: tuple[Tenant, Tenant]) -> None:
    first, second = workers
    first.git.create(first.repo, {f"web/{name}": text for name, text in {**RED, **NESTED}.items()})
    application = first.application()
    application["spec"]["source"] |= RECURSING["source"]
    key = first.create(application)
    first.reconcile(key)
    first.push(BLUE)
    first.git.stop()
    first.remove_by_hand("two")

    second.reconcile(key)

    assert (first.data("one"), first.data("two")) == ({"color": "blue"}, {"color": "red"})
    assert (first.verdict(key), first.conditions(key)) == (("Synced", "Healthy"), {})
    assert list((second.services.readers.settings.data_dir).glob("**/*.pack")) == []


def test_another_application_of_the_same_commit_is_deployed_without_git(workers: tuple[Tenant, Tenant]) -> None:
    first, second = workers
    first.git.create(first.repo, {"web/one.yaml": RED["one.yaml"]})
    first.reconcile(first.create(first.application()))
    first.git.stop()
    other = first.create(first.application(name=f"{first.repo}-again", syncPolicy={}))

    result = second.reconcile(other)

    assert (result.sync, result.renders) == ("OutOfSync", 0)
    assert set(first.conditions(other)) <= {"SharedResourceWarning"}


def test_what_nobody_fetched_waits_for_git_and_touches_nothing(workers: tuple[Tenant, Tenant]) -> None:
    first, second = workers
    first.git.create(first.repo, {"web/one.yaml": RED["one.yaml"], "other/two.yaml": a_config_map("two")})
    key = first.create(first.application())
    first.reconcile(key)
    first.git.stop()
    log = first.audit()
    first.patch(key, {"spec": {"source": {"targetRevision": "next"}}})

    verdicts = [second.reconcile(key).sync for _ in range(3)]

    assert verdicts == ["Unknown"] * 3
    assert second.sent(log) == []
    assert "ComparisonError" in first.conditions(key)
    assert first.data("one") == {"color": "red"}
    first.git.start()
    first.patch(key, {"spec": {"source": {"targetRevision": "main"}}})
    second.reconcile(key)
    assert (first.verdict(key), first.conditions(key)) == (("Synced", "Healthy"), {})
