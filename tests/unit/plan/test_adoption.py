"""Applications change hands in one patch, and get back what stood there before."""

import copy

import pytest

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.plan.adoption import ADOPTED, Change, Handover, Refusal, adoption, is_adopted, release
from tests.unit.plan.given import an_app, finished

SKIP = words.SKIP_RECONCILE
RUNNING = {"operationState": {**finished(), "phase": "Running"}}


def annotated(**annotations: str) -> Application:
    """An Application whose annotations are given by the part after the slash, `_` for `-`."""
    known = {"skip_reconcile": SKIP, "controller": words.CONTROLLER, "adopted": ADOPTED}
    return an_app(metadata={"annotations": {known.get(name, name): value for name, value in annotations.items()}})


def patched(app: Application, decided: Handover) -> Application:
    """What a server makes of the patch. Raises AssertionError where one of its tests fails."""
    assert isinstance(decided, Change)
    body: JsonObject = copy.deepcopy(app.raw)
    for operation in decided.patch:
        *steps, last = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")[1:]]
        place = body
        for step in steps:
            place = place[step]
        match operation["op"]:
            case "test":
                assert place.get(last) == operation["value"], operation
            case "add":
                place[last] = operation["value"]
            case "remove":
                del place[last]
    return Application.parse(body)


def test_an_adoption_sets_both_claims_at_once() -> None:
    app = an_app()
    adopted = patched(app, adoption(app, ()))
    assert is_adopted(adopted)
    assert adopted.metadata.annotations[words.CONTROLLER] == "active"
    assert adopted.metadata.annotations[SKIP] == "true"


@pytest.mark.parametrize("given", [{}, {"skip_reconcile": "true"}, {"skip_reconcile": "false"}, {"team": "shop"}])
def test_a_release_restores_what_stood_there_before_the_adoption(given: dict[str, str]) -> None:
    app = annotated(**given)
    adopted = patched(app, adoption(app, ()))
    released = patched(adopted, release(adopted))
    assert released.metadata.annotations == app.metadata.annotations


def test_adopting_and_releasing_twice_changes_nothing_more() -> None:
    app = an_app()
    adopted = patched(app, adoption(app, ()))
    assert adoption(adopted, ()) == Change((), "is adopted already")
    assert release(app) == Change((), "is not adopted")


def test_half_an_adoption_made_by_hand_is_completed_and_undone() -> None:
    app = annotated(controller="active")
    adopted = patched(app, adoption(app, ()))
    assert is_adopted(adopted)
    assert patched(adopted, release(adopted)).metadata.annotations == {}


def test_a_release_leaves_a_skip_that_no_adoption_of_ours_has_set() -> None:
    app = annotated(controller="active", skip_reconcile="true")
    decided = release(app)
    assert isinstance(decided, Change)
    assert "stays" in decided.says
    assert patched(app, decided).metadata.annotations == {SKIP: "true"}


def test_a_release_leaves_a_skip_that_somebody_changed_since() -> None:
    app = annotated(controller="active", skip_reconcile="false", adopted="skip-reconcile=")
    assert patched(app, release(app)).metadata.annotations == {SKIP: "false"}


@pytest.mark.parametrize(
    "busy",
    [
        {"operation": {"sync": {}}},
        {"status": RUNNING},
        {"metadata": {"deletionTimestamp": "2026-05-04T12:00:00Z"}},
    ],
)
def test_nothing_changes_hands_while_something_is_going_on(busy: JsonObject) -> None:
    assert isinstance(adoption(an_app(**busy), ()), Refusal)
    adopted = {"annotations": {words.CONTROLLER: "active", SKIP: "true"}, **busy.get("metadata", {})}
    assert isinstance(release(an_app(**{**busy, "metadata": adopted})), Refusal)


def test_an_application_that_nobody_would_sync_is_not_adopted() -> None:
    decided = adoption(an_app(), ("spec.source.helm",))
    assert isinstance(decided, Refusal)
    assert "spec.source.helm" in decided.why


def test_the_patch_fails_on_another_object_a_new_operation_and_changed_annotations() -> None:
    app = annotated(skip_reconcile="false")
    decided = adoption(app, ())
    assert isinstance(decided, Change)
    changes: list[JsonObject] = [{"operation": {"sync": {}}}, {"metadata": {**app.raw["metadata"], "uid": "another"}}]
    for change in changes:
        with pytest.raises(AssertionError):
            patched(Application.parse({**app.raw, **change}), decided)
    with pytest.raises(AssertionError):
        patched(annotated(skip_reconcile="true"), decided)
