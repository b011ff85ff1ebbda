"""When waiting is over, and how it ended."""

from typing import Any

import pytest

from reconciler.cli.app.wait import GRACE_S, Aims, Judge, comparison_failure, described, has_reached, judged
from reconciler.models import words
from reconciler.models.application import Application
from tests.unit.plan.given import C1, C2, an_app, finished

SYNCED = {"sync": {"status": "Synced", "revision": C1}, "health": {"status": "Healthy"}}


def standing(sync: str = "Synced", health: str = "Healthy", revision: str = C1, **rest: Any) -> Application:
    operation = rest.pop("operation", None)
    status = {"sync": {"status": sync, "revision": revision}, "health": {"status": health}, **rest}
    return an_app(status=status, **({"operation": operation} if operation else {}))


def outcome(app: Application, **aims: Any) -> str:
    reached = judged(app, Aims(**aims))
    return "waits" if reached is None else ("ok" if reached.ok else "failed")


def test_without_a_word_everything_is_waited_for() -> None:
    assert outcome(standing()) == "ok"
    assert outcome(standing(sync="OutOfSync")) == "waits"
    assert outcome(standing(health="Progressing")) == "waits"
    assert outcome(standing(operation={"sync": {}})) == "waits"


@pytest.mark.parametrize(
    ("aims", "app"),
    [
        ({"sync": True}, standing(health="Degraded", operation={"sync": {}})),
        ({"health": True}, standing(sync="OutOfSync")),
        ({"operation": True}, standing(sync="OutOfSync", health="Degraded")),
    ],
)
def test_only_what_was_named_is_waited_for(aims: dict[str, bool], app: Application) -> None:
    assert outcome(app, **aims) == "ok"


def test_a_revision_is_waited_for_together_with_the_verdict_on_it() -> None:
    assert outcome(standing(revision=C1), revision=C2, sync=True) == "waits"
    assert outcome(standing(revision=C2), revision=C2[:7], sync=True) == "ok"
    assert outcome(standing(revision=C2, sync="OutOfSync"), revision=C2, sync=True) == "waits"


def test_a_revision_that_a_newer_one_has_replaced_counts_as_reached() -> None:
    assert has_reached(standing(revision=C2, history=[{"id": 1, "revision": C1}]), C1)


def test_a_short_word_must_match_exactly() -> None:
    assert not has_reached(standing(revision=C1), "1")
    assert has_reached(standing(revision="v1.2"), "v1.2")
    assert not has_reached(standing(revision=""), C1)


def test_a_failed_operation_at_the_awaited_revision_ends_the_waiting() -> None:
    failed = standing(sync="OutOfSync", revision=C2, operationState=finished("Failed", revision=C2))
    assert outcome(failed, revision=C2, sync=True) == "failed"
    assert outcome(failed, sync=True) == "failed"


def test_a_failure_of_an_older_revision_does_not() -> None:
    older = standing(sync="OutOfSync", revision=C2, operationState=finished("Failed", revision=C1))
    assert outcome(older, revision=C2, sync=True) == "waits"


def test_a_failure_that_is_over_is_none() -> None:
    assert outcome(standing(operationState=finished("Error"))) == "ok"


def test_a_failed_attempt_that_will_be_repeated_is_no_failure_yet() -> None:
    state = {**finished("Running"), "retryCount": 1}
    assert outcome(standing(sync="OutOfSync", operationState=state, operation={"sync": {}}), sync=True) == "waits"


def test_a_spec_that_is_not_valid_will_not_get_better_by_waiting() -> None:
    app = standing(sync="Unknown", conditions=[{"type": "InvalidSpecError", "message": "no such project"}])
    assert outcome(app, sync=True) == "failed"


def test_what_is_waited_for_is_said_in_words() -> None:
    assert described(Aims(sync=True, revision=C1)) == "synced at 1111111"
    assert described(Aims()) == "synced and healthy and done with its operation"


def test_a_comparison_that_keeps_failing_ends_the_waiting_and_one_that_fails_once_does_not() -> None:
    now_s = [0.0]
    judge = Judge(Aims(sync=True), lambda: now_s[0])
    failing = standing(sync="Unknown", conditions=[{"type": "ComparisonError", "message": "no such path"}])
    assert judge(failing) is None
    assert judge(standing(sync="OutOfSync")) is None
    now_s[0] = GRACE_S
    assert judge(failing) is None
    now_s[0] = 2 * GRACE_S
    reached = judge(failing)
    assert (reached and reached.ok, reached and reached.why) == (False, "no such path")


def test_an_old_failure_does_not_count_while_a_refresh_is_asked_for() -> None:
    conditions = [{"type": "ComparisonError", "message": "no such path"}]
    asked = an_app(status={"conditions": conditions}, metadata={"annotations": {words.REFRESH: "normal"}})
    assert comparison_failure(asked) == ""
    assert comparison_failure(an_app(status={"conditions": conditions})) == "no such path"
