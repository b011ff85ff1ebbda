"""The operation that a sync or a rollback by hand writes."""

import pytest

from reconciler.cli.app.operations import (
    RetryAsked,
    SyncAsked,
    parse_info,
    parse_resource,
    rollback_operation,
    start_patch,
    sync_operation,
)
from reconciler.cli.problems import Problem
from reconciler.models.application import Application
from reconciler.models.operation import Operation
from reconciler.models.status import RevisionHistory
from tests.unit.plan.given import C1, SOURCE, an_app

POLICY = {"syncOptions": ["CreateNamespace=true"], "retry": {"limit": 3}}
ENTRY = RevisionHistory.model_validate({"id": 4, "revision": C1, "source": SOURCE})


def asked(app: Application, **given: object) -> dict[str, object]:
    return sync_operation(app, SyncAsked(**given), username="ada")  # type: ignore[arg-type]


def test_options_and_retry_of_the_spec_are_copied_because_the_engine_reads_the_operation_only() -> None:
    operation = asked(an_app(policy=POLICY))
    assert operation == {
        "initiatedBy": {"username": "ada"},
        "retry": {"limit": 3},
        "sync": {"syncOptions": ["CreateNamespace=true"]},
    }


def test_options_and_retry_of_the_caller_replace_those_of_the_spec() -> None:
    retry = RetryAsked(1, "5s", 2, "3m")
    operation = asked(an_app(policy=POLICY), options=("Prune=false",), retry=retry)
    assert operation["sync"] == {"syncOptions": ["Prune=false"]}
    assert operation["retry"] == {"limit": 1, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}}


def test_what_is_written_is_an_operation_of_ours() -> None:
    given = {
        "revision": C1,
        "prune": True,
        "dry_run": True,
        "resources": ("apps:Deployment:shop/web",),
        "info": ("a=b",),
    }
    operation = Operation.model_validate(asked(an_app(), **given))
    assert operation.sync is not None
    assert (operation.sync.revision, operation.sync.prune, operation.sync.dry_run) == (C1, True, True)
    assert operation.sync.resources[0].to_json() == {
        "group": "apps",
        "kind": "Deployment",
        "name": "web",
        "namespace": "shop",
    }
    assert operation.info[0].value == "b"


def test_automated_sync_holds_the_target_revision_but_a_dry_run_may_look_elsewhere() -> None:
    app = an_app(automated={})
    with pytest.raises(Problem, match="automated sync holds it at main"):
        asked(app, revision="feature")
    assert asked(app, revision="feature", dry_run=True)
    assert asked(app, revision="main")
    assert asked(an_app(), revision="feature")


def test_a_rollback_takes_source_and_revision_from_the_history() -> None:
    operation = rollback_operation(an_app(policy=POLICY), ENTRY, SyncAsked(prune=True), username="ada")
    assert operation["sync"] == {
        "prune": True,
        "revision": C1,
        "source": SOURCE,
        "syncOptions": ["CreateNamespace=true"],
    }


def test_a_rollback_is_refused_while_automated_sync_would_undo_it() -> None:
    with pytest.raises(Problem, match="automated sync would undo"):
        rollback_operation(an_app(automated={}), ENTRY, SyncAsked(), username="ada")
    assert rollback_operation(an_app(automated={"enabled": False}), ENTRY, SyncAsked(), username="ada")


def test_a_second_operation_is_refused_before_and_by_the_patch() -> None:
    with pytest.raises(Problem, match="another operation is already in progress"):
        start_patch(an_app(operation={"sync": {}}), {"sync": {}})
    assert start_patch(an_app(), {"sync": {}})[0] == {"op": "test", "path": "/operation", "value": None}


def test_an_application_that_is_going_away_is_not_synced() -> None:
    with pytest.raises(Problem, match="is being deleted"):
        start_patch(an_app(metadata={"deletionTimestamp": "2026-05-04T12:00:00Z"}), {"sync": {}})


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (":ConfigMap:flags", {"kind": "ConfigMap", "name": "flags"}),
        ("apps:Deployment:shop/web", {"group": "apps", "kind": "Deployment", "name": "web", "namespace": "shop"}),
        (
            "rbac.authorization.k8s.io:ClusterRole:system:node",
            {"group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node"},
        ),
    ],
)
def test_an_object_is_named_by_group_kind_and_name(text: str, parsed: dict[str, str]) -> None:
    assert parse_resource(text) == parsed


@pytest.mark.parametrize("text", ["web", "apps:Deployment", "apps::web", "apps:Deployment:", "apps:Deployment:shop/"])
def test_what_names_no_object_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="names no object"):
        parse_resource(text)


def test_information_needs_a_name() -> None:
    assert parse_info("why=because=so") == {"name": "why", "value": "because=so"}
    with pytest.raises(Problem):
        parse_info("because")
