"""What differs, as people and as programs read it."""

import pytest

from reconciler.cli.app.diff import at, lines_of, to_json, verdict_code
from reconciler.cli.problems import Problem
from reconciler.models.keys import ObjectKey
from reconciler.models.result import Difference
from reconciler.plan.compare import ObjectComparison
from tests.unit.plan.given import C1, NOON, a_map, an_app, live

KEY = ObjectKey("apps", "Deployment", "shop", "web")
REPLICAS = Difference("spec.replicas", "5", "3", "kubectl-edit", "2026-05-04T11:58:00Z")


def differing(**change: object) -> ObjectComparison:
    known = {
        "key": KEY,
        "version": "v1",
        "sync": "OutOfSync",
        "health": None,
        "differences": (REPLICAS,),
        "requires_pruning": False,
        "reason": "differs",
        "rung": "server",
        "live": live(a_map()),
    }
    return ObjectComparison(**{**known, **change})  # type: ignore[arg-type]


def test_a_field_is_told_with_both_values_and_who_changed_it_when() -> None:
    assert list(lines_of(differing(), NOON)) == [
        "~ apps/Deployment/shop/web",
        "    spec.replicas: live=5 desired=3  (kubectl-edit, 2m ago)",
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"live": None, "reason": "does not exist"}, "+ apps/Deployment/shop/web  does not exist"),
        ({"requires_pruning": True, "reason": "extra"}, "- apps/Deployment/shop/web  extra"),
        ({"sync": "Unknown", "reason": "timed out"}, "? apps/Deployment/shop/web  timed out"),
    ],
)
def test_the_sign_says_what_a_sync_would_do(change: dict[str, object], line: str) -> None:
    assert list(lines_of(differing(differences=(), **change), NOON)) == [line]


def test_doubt_is_not_a_difference() -> None:
    doubt = differing(sync="Unknown")
    assert verdict_code([doubt]) == 2
    assert verdict_code([doubt, differing()]) == 1


def test_an_absent_value_is_told_as_such() -> None:
    found = differing(differences=(Difference("spec.paused", None, "true"),))
    assert list(lines_of(found, NOON))[1] == "    spec.paused: live=(absent) desired=true"


def test_programs_get_the_same_with_null_for_absent() -> None:
    answer = to_json(differing())
    assert (answer["kind"], answer["name"], answer["requiresPruning"]) == ("Deployment", "web", False)
    assert answer["differences"][0]["path"] == "spec.replicas"
    assert answer["differences"][0]["changedAt"] == "2026-05-04T11:58:00Z"


def test_another_revision_is_compared_without_changing_the_application() -> None:
    app = an_app()
    other = at(app, C1)
    assert other.spec.source is not None
    assert other.spec.source.target_revision == C1
    assert app.spec.all_sources[0].target_revision == "main"
    assert at(app, "").spec == app.spec


def test_several_sources_cannot_share_one_revision() -> None:
    source = {"repoURL": "https://git.example/a.git", "path": "."}
    with pytest.raises(Problem, match="has 2 sources"):
        at(an_app(spec={"sources": [source, source]}), C1)
