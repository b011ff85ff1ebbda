"""How much may be pruned at once without asking."""

import pytest

from reconciler.errors import SpecError
from reconciler.plan.build import build_plan
from reconciler.plan.guard import NO_LIMIT, prune_limit
from reconciler.plan.steps import Plan
from tests.unit.plan.given import NOON, a_map, a_policy, an_app, at, equal, live, rules, sees, wants


@pytest.mark.parametrize(
    ("text", "pruned", "present", "passes"),
    [
        ("", 1000, 1000, False),
        ("5", 5, 1000, False),
        ("5", 6, 1000, True),
        ("20%", 2, 10, False),
        ("20%", 3, 10, True),
        ("5,20%", 3, 10, True),
        ("5, 20%", 6, 1000, True),
        ("0", 1, 1000, True),
        ("100%", 10, 10, False),
    ],
)
def test_a_number_and_a_share_limit_what_is_pruned(text: str, pruned: int, present: int, passes: bool) -> None:
    assert (prune_limit(text, "here").passed(pruned, present) is not None) is passes


def test_no_limit_is_the_same_value_everywhere() -> None:
    assert prune_limit(" ", "here") is NO_LIMIT


@pytest.mark.parametrize("text", ["a few", "-1", "120%", "20 %", "1.5", "5;6"])
def test_a_limit_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=r"reconciler\.dev/prune-limit of AppProject team is"):
        prune_limit(text, "AppProject team")


def pruning(limit: str, *, operation: bool = False, approved_s: float | None = None) -> Plan:
    """One object stays and three go."""
    metadata = {"name": "default", "namespace": "argocd", "annotations": {"reconciler.dev/prune-limit": limit}}
    approval = {"argocd.argoproj.io/deletion-approved": at(approved_s)} if approved_s is not None else {}
    asked = {"sync": {"prune": True}, "initiatedBy": {"automated": not operation}}
    state = {"operation": asked, "phase": "Running", "startedAt": at(-60)}
    app = an_app(metadata={"annotations": approval}, operation=asked, status={"operationState": state})
    gone = [live(a_map(name)) for name in ("x", "y", "z")]
    seen = sees(equal(a_map()), *gone)
    policy = a_policy(project=rules(metadata=metadata))
    return build_plan(app, wants(a_map()), seen, policy, now=NOON)


def test_an_automated_prune_of_too_much_waits_and_says_why() -> None:
    held = pruning("50%")
    assert (held.steps, held.waits) == ((), True)
    assert held.why.startswith("Waiting for pruning confirmation of v1/ConfigMap/x and 2 more resources: ")
    assert held.why.endswith("3 of 4 objects would be pruned by itself, and no more than 50% may be")


@pytest.mark.parametrize(
    ("limit", "operation", "approved_s"),
    [("3", False, None), ("80%", False, None), ("", False, None), ("1", True, None), ("1", False, -30)],
)
def test_less_what_a_person_asked_for_and_what_was_approved_goes_on(
    limit: str, operation: bool, approved_s: float | None
) -> None:
    assert len(pruning(limit, operation=operation, approved_s=approved_s).steps) == 3


def test_an_approval_from_before_the_operation_does_not_count() -> None:
    assert pruning("1", approved_s=-90).steps == ()
