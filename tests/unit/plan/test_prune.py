"""The proof table of pruning: everything in place prunes, and each fact that is missing keeps the object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from reconciler.models.keys import GroupKind
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Observed
from reconciler.plan.compare import Comparison, compare
from reconciler.plan.ignore import IgnoreRules
from reconciler.plan.lens import PLAIN
from reconciler.plan.proof import claim_of
from reconciler.plan.prune import Grounds, Pruning, prunable
from tests.unit.plan.given import HERE, NOON, a_map, an_app, annotated, at, equal, later, live, rules, sees, wants

WEB = a_map("web")
OLD = live(a_map("old"))


@dataclass(frozen=True)
class Table:
    """All inputs of one verdict; a test removes exactly one."""

    comparison: Comparison
    observed: Observed
    grounds: Grounds

    def verdict(self) -> Pruning:
        return prunable(self.comparison, self.observed, self.grounds, lambda _: True)


def table(extra: LiveObject = OLD, **grounds: Any) -> Table:
    app, observed = an_app(), sees(equal(WEB), extra)
    comparison = compare(app, wants(WEB), observed, IgnoreRules())
    claim = claim_of(app, rules(), HERE, instance="guestbook", lens=PLAIN)
    known: dict[str, Any] = {
        "claim": claim,
        "render_ok": True,
        "requested": True,
        "automated": True,
        "started_at": NOON,
    }
    return Table(comparison, observed, Grounds(**{**known, **grounds}))


def body(found: LiveObject, **metadata: Any) -> LiveObject:
    return LiveObject({**found.body, "metadata": {**found.metadata, **metadata}})


def test_with_every_proof_the_object_is_pruned_with_the_preconditions_of_its_reading() -> None:
    verdict = table().verdict()
    assert [(item.live.key.name, item.uid, item.resource_version) for item in verdict.prune] == [
        ("old", "uid-old", "7")
    ]
    assert verdict.prune[0].propagation == "Foreground"
    assert (verdict.kept, verdict.waiting) == ((), ())


def _mark(text: str) -> dict[str, str]:
    return {"argocd.argoproj.io/tracking-id": text}


MISSING_PROOFS: dict[str, tuple[Callable[[], Table], str]] = {
    "it was not read in this pass": (
        lambda: replace(table(), observed=sees(equal(WEB))),
        "it was not read in this pass",
    ),
    "it has no uid": (lambda: table(body(OLD, uid="")), "it was not read live"),
    "it has no resourceVersion": (lambda: table(body(OLD, resourceVersion="")), "it was not read live"),
    "another application's mark": (
        lambda: table(body(OLD, annotations=_mark("other:/ConfigMap:shop/old"))),
        "it belongs to other",
    ),
    "an equal name in another namespace": (
        lambda: table(body(OLD, annotations=_mark("team_guestbook:/ConfigMap:shop/old"))),
        "it belongs to team_guestbook",
    ),
    "a mark that another manager wrote": (
        lambda: table(live(a_map("old"), manager="kubectl-edit")),
        "its tracking mark was written by somebody else",
    ),
    "no managed fields at all": (
        lambda: table(body(OLD, managedFields=[])),
        "its tracking mark was written by somebody else",
    ),
    "our entry does not hold the mark": (
        lambda: table(body(OLD, managedFields=[{"manager": "argocd-controller", "fieldsV1": {"f:data": {}}}])),
        "its tracking mark was written by somebody else",
    ),
    "the project does not permit the kind": (
        lambda: _with_claim(namespaceResourceBlacklist=[{"group": "", "kind": "ConfigMap"}]),
        "resource :ConfigMap is not permitted in project default",
    ),
    "the project does not permit the namespace": (
        lambda: _with_claim(destinations=[{"server": "*", "namespace": "other"}]),
        "namespace shop is not permitted in project 'default'",
    ),
    "the sources did not all render": (
        lambda: table(render_ok=False),
        "not every source was rendered in this pass",
    ),
    "nobody asked for pruning": (lambda: table(requested=False), "requires pruning"),
    "the comparison has gaps": (
        lambda: _unknown(),
        "the comparison is incomplete",
    ),
    "a kind of its group was not read": (
        lambda: _incomplete(GroupKind("", "Secret")),
        "Secret could not be read, so nothing of its group is pruned",
    ),
    "the object says Prune=false": (
        lambda: table(annotated(OLD, sync_options="Validate=false, Prune=false")),
        "no prune",
    ),
    "the operation says Prune=false": (lambda: table(options={"Prune": "false"}), "no prune"),
    "nothing would remain": (lambda: _alone(), "nothing would remain, and allowEmpty is off"),
}


def _with_claim(**project: Any) -> Table:
    found = table()
    claim = replace(found.grounds.claim, project=rules(**project))
    return replace(found, grounds=replace(found.grounds, claim=claim))


def _unknown() -> Table:
    found = table()
    return replace(found, comparison=replace(found.comparison, sync="Unknown"))


def _incomplete(kind: GroupKind) -> Table:
    found = table()
    return replace(found, observed=sees(equal(WEB), OLD, incomplete={kind: "forbidden"}))


def _alone(**grounds: Any) -> Table:
    observed = sees(OLD)
    return replace(table(**grounds), observed=observed, comparison=compare(an_app(), wants(), observed, IgnoreRules()))


@pytest.mark.parametrize("row", MISSING_PROOFS)
def test_one_missing_proof_keeps_the_object(row: str) -> None:
    make, why = MISSING_PROOFS[row]
    verdict = make().verdict()
    assert (verdict.prune, verdict.waiting) == ((), ())
    assert [(item.key.name, item.why) for item in verdict.kept] == [("old", why)]


def test_what_the_comparison_does_not_call_extra_is_not_even_considered() -> None:
    child = body(OLD, ownerReferences=[{"kind": "Deployment", "name": "x"}])
    copied = body(OLD, annotations=_mark("guestbook:/ConfigMap:shop/elsewhere"))
    crd = LiveObject({**OLD.body, "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"})
    assert [table(item).verdict() for item in (child, copied, crd)] == [Pruning()] * 3


def test_a_desired_object_is_never_pruned() -> None:
    assert table(live(WEB)).verdict() == Pruning()


def test_an_empty_application_may_be_pruned_where_that_is_allowed_or_a_person_asked() -> None:
    assert [item.live.key.name for item in _alone(allow_empty=True).verdict().prune] == ["old"]
    assert [item.live.key.name for item in _alone(automated=False).verdict().prune] == ["old"]


def test_argo_cds_older_manager_counts_as_ours_and_so_does_the_one_named_for_migration() -> None:
    assert table(live(a_map("old"), manager="argocd-application-controller")).verdict().prune
    app = an_app(metadata={"annotations": {"argocd.argoproj.io/client-side-apply-migration-manager": "helm"}})
    claim = claim_of(app, rules(), HERE, instance="guestbook", lens=PLAIN)
    assert table(live(a_map("old"), manager="helm"), claim=claim).verdict().prune
    assert not table(live(a_map("old"), manager="helm")).verdict().prune


CONFIRM = annotated(OLD, sync_options="Prune=confirm")


@pytest.mark.parametrize(
    ("approved", "started", "goes"),
    [
        (None, NOON, False),
        (later(-1), NOON, False),
        (NOON, NOON, True),
        (later(9), NOON, True),
        (later(9), None, False),
    ],
)
def test_a_confirmation_counts_from_the_start_of_the_operation_on(approved: Any, started: Any, goes: bool) -> None:
    for verdict in (
        table(CONFIRM, approved_at=approved, started_at=started).verdict(),
        table(options={"Prune": "confirm"}, approved_at=approved, started_at=started).verdict(),
    ):
        assert (len(verdict.prune), len(verdict.waiting)) == ((1, 0) if goes else (0, 1))


def test_the_object_overrides_the_operation() -> None:
    asked = annotated(OLD, sync_options="Prune=true")
    assert table(asked, options={"Prune": "false"}).verdict().prune


def test_an_object_that_is_being_deleted_is_not_deleted_twice() -> None:
    verdict = table(body(OLD, deletionTimestamp=at(-5))).verdict()
    assert (verdict.prune, [item.key.name for item in verdict.leaving]) == ((), ["old"])


def test_an_application_that_manages_itself_does_not_prune_itself() -> None:
    itself = Manifest(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": "guestbook",
                "namespace": "argocd",
                "annotations": _mark("guestbook:argoproj.io/Application:argocd/guestbook"),
            },
        }
    )
    verdict = table(live(itself)).verdict()
    assert [item.why for item in verdict.kept] == ["an application does not delete itself"]


def test_what_depends_on_others_is_pruned_first() -> None:
    names = ["Namespace", "ConfigMap"]
    app = an_app()
    space = Manifest(
        {
            "apiVersion": "v1",
            "kind": names[0],
            "metadata": {"name": "n", "annotations": _mark("guestbook:/Namespace:shop/n")},
        }
    )
    observed = sees(equal(WEB), live(space), OLD)
    found = replace(table(), observed=observed, comparison=compare(app, wants(WEB), observed, IgnoreRules()))
    assert [item.live.key.kind for item in found.verdict().prune] == ["ConfigMap", "Namespace"]
