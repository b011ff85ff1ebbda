"""The proof table of a cascading deletion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.models.keys import GroupKind
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Observed, Reading
from reconciler.models.tracking import BY_ANNOTATION, Tracking
from reconciler.plan.cascade import Cascade, cascade, finalizer_patch
from reconciler.plan.lens import PLAIN
from reconciler.plan.proof import claim_of
from reconciler.plan.tracking import stamped
from tests.unit.plan.given import HERE, a_map, an_app, annotated, at, live, patched, rules, sees

FINALIZER = "resources-finalizer.argocd.argoproj.io"
HOOK_FINALIZER = "argocd.argoproj.io/hook-finalizer"
OLD = live(a_map("old"))


def a_deleted_app(*finalizers: str, **metadata: Any) -> Any:
    known = {"deletionTimestamp": at(0), "finalizers": list(finalizers or (FINALIZER,))}
    return an_app(metadata={**known, **metadata})


def verdict(
    observed: Observed, app: Any = None, *, gone: bool = False, tracking: Tracking = BY_ANNOTATION, **project: Any
) -> Cascade:
    app = app or a_deleted_app()
    claim = claim_of(app, rules(**project), HERE, instance="guestbook", lens=replace(PLAIN, tracking=tracking))
    return cascade(app, observed, claim, destination_gone=gone)


def with_metadata(found: LiveObject, **metadata: Any) -> LiveObject:
    return LiveObject({**found.body, "metadata": {**found.metadata, **metadata}})


def names(found: Cascade) -> list[str]:
    return [item.live.key.name for item in found.delete]


def test_every_object_goes_with_the_preconditions_of_its_reading_and_the_finalizer_stays_until_then() -> None:
    found = verdict(sees(OLD))
    assert [(item.uid, item.resource_version, item.propagation) for item in found.delete] == [
        ("uid-old", "7", "Foreground")
    ]
    assert (found.release, found.why) == ((), "1 objects remaining for deletion")


def test_an_object_of_the_readings_counts_as_well() -> None:
    observed = Observed({OLD.key: Reading("server", live=OLD)})
    assert names(verdict(observed)) == ["old"]


def test_when_nothing_is_left_the_finalizer_is_released() -> None:
    assert verdict(sees()).release == (FINALIZER,)


def test_the_background_finalizer_asks_for_background_deletion() -> None:
    found = verdict(sees(OLD), a_deleted_app(f"{FINALIZER}/background"))
    assert found.delete[0].propagation == "Background"


@pytest.mark.parametrize(
    "app",
    [
        an_app(metadata={"finalizers": [FINALIZER]}),
        an_app(metadata={"deletionTimestamp": at(0), "finalizers": ["other"]}),
    ],
)
def test_without_deletion_or_without_the_finalizer_nothing_is_deleted(app: Any) -> None:
    found = verdict(sees(OLD), app)
    assert (found.delete, found.release) == ((), ())


def test_an_unregistered_cluster_leaves_the_objects_and_releases_every_finalizer_of_argo_cd() -> None:
    app = a_deleted_app(FINALIZER, "other.example/x", "post-delete-finalizer.argocd.argoproj.io")
    found = verdict(sees(OLD), app, gone=True)
    assert found.delete == ()
    assert found.release == (FINALIZER, "post-delete-finalizer.argocd.argoproj.io")


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        (sees(OLD, incomplete={GroupKind("", "Secret"): "forbidden"}), "Secret could not be read"),
        (Observed({a_map("x").key: Reading("none", error="timed out")}), "not every object could be read"),
        (sees(incomplete={GroupKind("", "Secret"): "forbidden"}), "Secret could not be read"),
    ],
)
def test_what_could_not_be_read_stops_the_deletion_and_keeps_the_finalizer(observed: Observed, why: str) -> None:
    found = verdict(observed)
    assert (found.delete, found.release) == ((), ())
    assert found.condition is not None
    assert found.condition.type == "DeletionError"
    assert why in found.condition.message


def test_without_its_hooks_a_deletion_that_has_some_waits() -> None:
    found = verdict(sees(OLD), a_deleted_app(FINALIZER, "pre-delete-finalizer.argocd.argoproj.io"))
    assert (found.delete, found.release, found.hooks) == ((), (), ())
    assert found.condition is not None


@pytest.mark.parametrize(
    ("found", "project", "why"),
    [
        (annotated(OLD, sync_options="Delete=false"), {}, "Delete=false"),
        (
            with_metadata(OLD, annotations={**OLD.annotations, "helm.sh/resource-policy": "keep"}),
            {},
            "helm.sh/resource-policy is keep",
        ),
        (with_metadata(OLD, uid=""), {}, "it was not read live"),
        (with_metadata(OLD, resourceVersion=""), {}, "it was not read live"),
        (live(a_map("old"), manager="kubectl-edit"), {}, "its tracking mark was written by somebody else"),
        (with_metadata(OLD, ownerReferences=[{"name": "x"}]), {}, "it is owned by another object"),
        (
            with_metadata(OLD, annotations={"argocd.argoproj.io/tracking-id": "guestbook:/ConfigMap:shop/copied"}),
            {},
            "its tracking mark names another object",
        ),
        (OLD, {"namespaceResourceWhitelist": []}, "resource :ConfigMap is not permitted in project default"),
        (
            LiveObject({**OLD.body, "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}),
            {},
            "custom resource definitions are never deleted by the way",
        ),
    ],
)
def test_one_missing_proof_leaves_the_object_and_does_not_hold_up_the_rest(
    found: LiveObject, project: dict[str, Any], why: str
) -> None:
    alone = verdict(sees(found), **project)
    assert alone.delete == ()
    assert [item.why for item in alone.kept] == [why]
    assert alone.release == (FINALIZER,)


def test_a_namespace_without_our_mark_is_none_of_our_business() -> None:
    space = LiveObject(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "u", "resourceVersion": "1"}}
    )
    found = verdict(sees(space))
    assert (found.delete, found.kept) == ((), ())


def test_where_a_label_is_the_mark_a_deletion_goes_by_the_label_alone() -> None:
    by_label = Tracking("label", label_key="example.com/app")
    metadata = {"name": "old", "namespace": "shop"}
    bare = Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    fields = [{"manager": "argocd-controller", "fieldsV1": {"f:metadata": {"f:labels": {"f:example.com/app": {}}}}}]
    ours = live(stamped(bare, "guestbook", "shop", by_label), managedFields=fields)
    assert names(verdict(sees(ours, live(a_map("annotated"))), tracking=by_label)) == ["old"]
    theirs = with_metadata(ours, labels={"example.com/app": "other"})
    assert verdict(sees(theirs), tracking=by_label).release == (FINALIZER,)


def _in_wave(name: str, wave: str) -> LiveObject:
    return annotated(live(a_map(name)), sync_wave=wave)


def test_the_last_wave_goes_first_and_the_next_waits_until_it_is_gone() -> None:
    first, last = _in_wave("first", "-1"), _in_wave("last", "5")
    assert names(verdict(sees(first, last))) == ["last"]
    leaving = with_metadata(last, deletionTimestamp=at(1))
    waiting = verdict(sees(first, leaving))
    assert (names(waiting), waiting.release) == ([], ())
    assert names(verdict(sees(first))) == ["first"]


def test_a_pass_that_was_cut_short_deletes_the_rest_of_its_wave() -> None:
    leaving = with_metadata(live(a_map("gone")), deletionTimestamp=at(1))
    assert names(verdict(sees(OLD, leaving))) == ["old"]


@pytest.mark.parametrize(("finalizers", "calls"), [([HOOK_FINALIZER], ["hook"]), (["other.example/x"], [])])
def test_a_hook_that_is_deleted_already_and_held_by_us_alone_is_let_go(finalizers: list[str], calls: list[str]) -> None:
    hook = annotated(live(a_map("hook"), deletionTimestamp=at(1), finalizers=finalizers), hook="Sync")
    found = verdict(sees(hook))
    assert (names(found), found.release) == (calls, ())


def test_an_object_that_is_kept_but_being_deleted_holds_up_the_finalizer() -> None:
    kept = with_metadata(annotated(OLD, sync_options="Delete=false"), deletionTimestamp=at(1))
    assert verdict(sees(kept)).release == ()


@pytest.mark.parametrize("text", ["Delete=confirm", "Prune=confirm"])
@pytest.mark.parametrize(("approved", "goes"), [(None, False), (at(-1), False), (at(0), True), (at(5), True)])
def test_a_confirmation_counts_from_the_deletion_on(text: str, approved: str | None, goes: bool) -> None:
    annotations = {"argocd.argoproj.io/deletion-approved": approved} if approved else {}
    found = verdict(sees(annotated(OLD, sync_options=text)), a_deleted_app(annotations=annotations))
    assert bool(found.delete) is goes
    assert found.release == ()


def test_only_the_named_finalizers_are_removed_and_only_from_the_list_that_was_read() -> None:
    app = a_deleted_app(FINALIZER, "other.example/x")
    patch = finalizer_patch(app, (FINALIZER,))
    assert patched(app, patch).metadata.finalizers == ("other.example/x",)
    with pytest.raises(AssertionError):
        patched(a_deleted_app(FINALIZER), patch)
    assert finalizer_patch(app, ()) == []
