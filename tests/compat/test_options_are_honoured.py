"""Each sync option that the table calls honoured changes how an object is written, or whether it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.models.application import Application
from reconciler.models.keys import GroupKind
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Reading
from reconciler.plan.steps import Step
from reconciler.plan.tracking import CRD
from reconciler.plan.way import asked_of, is_strict, may_lack_its_kind, survives_refusal
from tests.compat.situations import TRACKING, Json, actions, app, changed, live, manifest, operation, plan

OPTIONS = "argocd.argoproj.io/sync-options"


def step(subject: Application, wanted: Manifest, there: Reading | None = None) -> Step:
    """The only step for an object that has changed."""
    (found,) = plan(subject, [wanted], readings={"a": there or changed("a")}).steps
    return found


def asking(**sync: Any) -> Application:
    return app(operation=operation(**sync))


def on_live(text: str) -> Reading:
    """An object whose live copy carries these options, its manifest not."""
    there = changed("a")
    assert there.live is not None
    annotations = {**there.live.annotations, OPTIONS: text}
    return replace(
        there, live=LiveObject({**there.live.body, "metadata": {**there.live.metadata, "annotations": annotations}})
    )


def test_an_object_may_be_replaced_as_a_whole() -> None:
    plain = manifest("a")
    assert step(asking(), plain).action == "apply"
    assert step(asking(syncOptions=["Replace=true"]), plain).action == "replace"
    assert step(asking(), manifest("a", **{OPTIONS: "Replace=true"})).action == "replace"
    assert step(asking(), plain, on_live("Replace=true")).action == "replace"
    absent = step(asking(syncOptions=["Replace=true"]), plain, Reading("absent"))
    assert (absent.action, absent.way.whole) == ("create", True)


@pytest.mark.parametrize(
    ("subject", "annotation", "anew"),
    [
        (asking(), "", False),
        (asking(), "Force=true", True),
        (asking(syncStrategy={"hook": {"force": True}}), "", False),
        (asking(syncStrategy={"hook": {"force": True}}, resources=[{"kind": "ConfigMap", "name": "a"}]), "", True),
        (asking(syncStrategy={"apply": {"force": True}}, resources=[{"kind": "ConfigMap", "name": "a"}]), "", True),
        (asking(syncStrategy={"apply": {"force": False}}), "", False),
        (asking(syncOptions=["Force=true"]), "", False),
    ],
)
def test_only_what_is_named_is_deleted_by_force(subject: Application, annotation: str, anew: bool) -> None:
    found = step(subject, manifest("a", **({OPTIONS: annotation} if annotation else {})))
    assert found.way.anew is anew
    assert found.may_delete is anew


def test_what_is_on_the_live_object_asks_for_force_too() -> None:
    assert step(asking(), manifest("a"), on_live("Force=true")).way.anew
    assert plan(asking(), [manifest("a")], readings={"a": on_live("Force=true")}).must_be_claimed


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"annotations": {}}, "it carries no tracking mark"),
        ({"annotations": {TRACKING: "other:/ConfigMap:shop/a"}}, "it belongs to other"),
        ({"managedFields": []}, "its tracking mark was written by somebody else"),
        ({"ownerReferences": [{"kind": "Deployment"}]}, "it is owned by another object"),
        ({"uid": ""}, "it was not read live"),
    ],
)
def test_force_deletes_nothing_without_the_proofs_of_every_deletion(metadata: Json, why: str) -> None:
    there = changed("a")
    assert there.live is not None
    other = LiveObject({**there.live.body, "metadata": {**there.live.metadata, **metadata}})
    found = step(asking(), manifest("a", **{OPTIONS: "Force=true"}), replace(there, live=other))
    assert (found.way.anew, found.way.spared) == (False, why)


@pytest.mark.parametrize("kind", [CRD, GroupKind("", "Namespace")])
def test_force_deletes_neither_definitions_nor_namespaces(kind: GroupKind) -> None:
    body = {"apiVersion": f"{kind.group}/v1".strip("/"), "kind": kind.kind}
    marks = {TRACKING: f"shop:{kind.group}/{kind.kind}:shop/a", OPTIONS: "Force=true,Replace=true"}
    wanted = Manifest({**body, "metadata": {"name": "a", "annotations": marks}, "spec": {"a": 1}})
    own: Json = {"f:metadata": {"f:annotations": {f"f:{TRACKING}": {}}}, "f:spec": {}}
    fields = [{"manager": "argocd-controller", "operation": "Apply", "fieldsV1": own}]
    metadata = {**wanted.metadata, "uid": "u", "resourceVersion": "1", "managedFields": fields}
    there = Reading("estimated", LiveObject({**wanted.body, "metadata": metadata, "spec": {"a": 2}}), wanted.body)
    found = step(asking(), wanted, there)
    assert (found.action, found.way.anew) == ("replace", False)
    assert "never deleted by the way" in found.way.spared


@pytest.mark.parametrize(
    ("options", "annotation", "strict"),
    [([], "", True), (["Validate=false"], "", False), ([], "Validate=false", False), (["Validate=true"], "", True)],
)
def test_fields_that_a_kind_does_not_have_may_be_let_pass(options: list[str], annotation: str, strict: bool) -> None:
    subject, wanted = asking(syncOptions=options), manifest("a", **{OPTIONS: annotation})
    assert step(subject, wanted).way.strict is strict
    assert is_strict(wanted, asked_of(subject)) is strict, "its dry run"


@pytest.mark.parametrize(
    ("options", "annotation", "may"),
    [
        ([], "", False),
        (["SkipDryRunOnMissingResource=true"], "", True),
        ([], "Prune=false, SkipDryRunOnMissingResource=true", True),
        (["SkipDryRunOnMissingResource=false"], "", False),
    ],
)
def test_an_object_may_come_before_its_kind(options: list[str], annotation: str, may: bool) -> None:
    wanted = manifest("a", **{OPTIONS: annotation})
    assert may_lack_its_kind(wanted, asked_of(app(spec={"syncPolicy": {"syncOptions": options}}))) is may
    assert may_lack_its_kind(wanted, asked_of(asking(syncOptions=options))) is may


@pytest.mark.parametrize(
    ("options", "propagation"),
    [
        ([], "Foreground"),
        (["PrunePropagationPolicy=foreground"], "Foreground"),
        (["PrunePropagationPolicy=background"], "Background"),
        (["PrunePropagationPolicy=orphan"], "Orphan"),
        (["PrunePropagationPolicy=sideways"], "Foreground"),
    ],
)
def test_an_operation_says_what_becomes_of_dependents_of_what_is_pruned(options: list[str], propagation: str) -> None:
    same = {"a": Reading("owned-fields", live("a"))}
    (found,) = plan(asking(prune=True, syncOptions=options), [manifest("a")], [live("old")], readings=same).steps
    assert found.propagation == propagation


def test_ownership_is_left_where_it_is_without_migration() -> None:
    there = changed("a")
    assert there.live is not None
    entry = {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}}
    fields = [*there.live.metadata["managedFields"], entry]
    old = LiveObject({**there.live.body, "metadata": {**there.live.metadata, "managedFields": fields}})
    both = replace(there, live=old)
    assert step(asking(), manifest("a"), both).migrate is not None
    assert step(asking(syncOptions=["ClientSideApplyMigration=false"]), manifest("a"), both).migrate is None


def test_an_object_that_another_application_claims_may_fail_a_sync() -> None:
    there = changed("a")
    assert there.live is not None
    annotations = {TRACKING: "other:/ConfigMap:shop/a"}
    theirs = LiveObject({**there.live.body, "metadata": {**there.live.metadata, "annotations": annotations}})
    readings = {"a": replace(there, live=theirs)}
    assert actions(plan(asking(), [manifest("a")], readings=readings)) == [("apply", "a")]
    refused = plan(asking(syncOptions=["FailOnSharedResource=true"]), [manifest("a")], readings=readings)
    assert actions(refused) == []
    assert refused.operation_state is not None
    assert refused.operation_state["phase"] == "Failed"
    assert refused.operation_state["message"].startswith("Shared resource found: ConfigMap/a is part of applications")


def test_fields_that_are_ignored_may_be_left_alone() -> None:
    there, ignored = changed("a"), {"ignoreDifferences": [{"kind": "ConfigMap", "jsonPointers": ["/data/a"]}]}
    assert there.live is not None
    by_hand = LiveObject({**there.live.body, "data": {"a": "by hand"}})
    readings = {"a": replace(there, live=by_hand)}

    def sent(options: list[str]) -> Any:
        subject = app(operation=operation(syncOptions=options), spec=ignored)
        (found,) = plan(subject, [manifest("a")], readings=readings).steps
        assert found.manifest is not None
        return found.manifest.body["data"]

    assert sent([]) == {"a": "1"}
    assert sent(["RespectIgnoreDifferences=true"]) == {"a": "by hand"}


@pytest.mark.parametrize(
    ("sync", "annotation", "survives"),
    [
        ({}, "", False),
        ({"syncOptions": ["Replace=true"]}, "", True),
        ({}, "Force=true", True),
        ({"syncStrategy": {"hook": {"force": True}}}, "", True),
    ],
)
def test_a_refused_dry_run_is_not_the_last_word_on_what_is_replaced_or_forced(
    sync: Json, annotation: str, survives: bool
) -> None:
    wanted = manifest("a", **{OPTIONS: annotation})
    assert survives_refusal(wanted, live("a"), asked_of(asking(**sync))) is survives
