"""No plan deletes without its proof, whatever lies around: objects, marks, owners, managers, options and hooks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.plan.build import build_plan
from reconciler.plan.hooks import attempt_id
from tests.unit.plan.given import C1, NOON, a_map, a_policy, an_app, at, equal, live, sees, wants

KEPT = a_map("kept")
STATE: JsonObject = {"operation": {}, "phase": "Running", "startedAt": at(0)}
MINE = attempt_id("u-1", STATE)


def an_object(number: int, mark: str, manager: str, owner: bool, hook: str, stamp: str, option: str) -> LiveObject:
    base = a_map(f"o{number}")
    marks = {
        "argocd.argoproj.io/tracking-id": mark.format(name=base.key.name),
        "argocd.argoproj.io/hook": hook,
        "reconciler.dev/operation": stamp,
        "argocd.argoproj.io/sync-options": option,
    }
    owners = {"ownerReferences": [{"kind": "Thing", "name": "x", "uid": "y"}]} if owner else {}
    return live(base, manager=manager, annotations={key: text for key, text in marks.items() if text}, **owners)


objects = st.lists(
    st.builds(
        an_object,
        st.integers(0, 9),
        st.sampled_from(
            ("guestbook:/ConfigMap:shop/{name}", "guestbook:/ConfigMap:shop/copied", "other:/ConfigMap:shop/{name}", "")
        ),
        st.sampled_from(("argocd-controller", "kubectl")),
        st.booleans(),
        st.sampled_from(("", "", "PreSync")),
        st.sampled_from(("", f"{MINE}/PreSync", "another/PreSync")),
        st.sampled_from(("", "Prune=false", "Prune=confirm")),
    ),
    unique_by=lambda item: item.key,
    max_size=8,
)


def is_proven(item: LiveObject) -> bool:
    """Ours by a mark that names itself and that we have written, and nobody's child."""
    fields = item.metadata["managedFields"][0]["manager"] == "argocd-controller"
    named = item.annotations.get("argocd.argoproj.io/tracking-id") == f"guestbook:/ConfigMap:shop/{item.key.name}"
    return fields and named and not item.metadata.get("ownerReferences")


@given(objects, st.booleans(), st.sampled_from(("Running", "Terminating")))
@settings(max_examples=150, deadline=None)
def test_whatever_lies_around_only_what_is_proven_to_be_ours_is_deleted(
    there: list[LiveObject], prune: bool, phase: str
) -> None:
    operation: JsonObject = {"sync": {"revision": C1, "prune": prune}, "initiatedBy": {"username": "ada"}}
    state = {**STATE, "operation": operation, "phase": phase}
    app = an_app(operation=operation, status={"operationState": state})
    hooks = tuple(item for item in there if item.annotations.get("argocd.argoproj.io/hook"))
    desired = type(wants())((KEPT,), wants().revisions, ("Directory",), hooks=hooks)
    seen = sees(equal(KEPT), *there, hooks={item.key: item for item in hooks})
    plan = build_plan(app, desired, seen, a_policy(), now=NOON)
    for step in plan.steps:
        assert step.action != "replace"
        if step.action in ("prune", "clean"):
            assert step.live is not None
            assert is_proven(step.live)
            assert plan.must_be_claimed or phase == "Terminating"
        if step.action == "prune":
            assert step.live is not None
            assert prune
            assert phase == "Running"
            assert not step.live.annotations.get("argocd.argoproj.io/hook")
            assert not step.live.annotations.get("argocd.argoproj.io/sync-options", "").startswith("Prune=")
