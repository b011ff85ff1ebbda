"""Two controllers on one Application: the doctor sees it coming."""

from datetime import timedelta

import pytest

from reconciler.cli.doctor.rivals import judge_rivals, judge_writers, recent_writers, rivals
from reconciler.models import words
from reconciler.models.application import Application
from tests.unit.plan.given import NOON, an_app, at

CONTROLLER = {"metadata": {"name": "argocd-application-controller"}, "spec": {"replicas": 2}}
ADOPTED = {words.CONTROLLER: "active", words.SKIP_RECONCILE: "true"}


def written(by: str, *, ago_s: float = 60, field: str = "f:status", adopted: bool = False) -> Application:
    entry = {"manager": by, "time": at(-ago_s), "fieldsV1": {field: {}}}
    return an_app(metadata={"managedFields": [entry], "annotations": ADOPTED if adopted else {}})


@pytest.mark.parametrize(
    ("workload", "found"),
    [
        (CONTROLLER, True),
        ({**CONTROLLER, "spec": {"replicas": 0}}, False),
        ({**CONTROLLER, "spec": {}}, True),
        ({"metadata": {"name": "argocd-server"}}, False),
        ({"metadata": {"name": "mine", "labels": {"app.kubernetes.io/name": "argocd-application-controller"}}}, True),
    ],
)
def test_an_application_controller_that_is_meant_to_run_is_a_rival(workload: dict[str, object], found: bool) -> None:
    assert bool(rivals([workload])) is found


@pytest.mark.parametrize(("manage", "level"), [("all", "fail"), ("adopted", "ok"), ("shadow", "ok")])
def test_a_rival_is_broken_only_where_both_would_write_everything(manage: str, level: str) -> None:
    assert judge_rivals(["argocd-application-controller"], manage).level == level  # type: ignore[arg-type]
    assert judge_rivals([], manage).level == "ok"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("app", "writers"),
    [
        (written("argocd-application-controller"), ["argocd-application-controller"]),
        (written("argocd-application-controller", ago_s=3600), []),
        (written("reconciler"), []),
        (written("kubectl-edit", field="f:spec"), []),
        (an_app(), []),
    ],
)
def test_a_writer_is_who_wrote_the_status_lately(app: Application, writers: list[str]) -> None:
    assert recent_writers(app, NOON) == writers
    assert recent_writers(app, NOON + timedelta(hours=2)) == []


def test_another_writer_matters_where_we_may_write_too() -> None:
    theirs, ours = written("argocd-application-controller"), written("argocd-application-controller", adopted=True)
    assert judge_writers([theirs], "adopted", now=NOON).level == "ok"
    assert judge_writers([theirs], "all", now=NOON).level == "warn"
    found = judge_writers([ours, ours], "adopted", now=NOON)
    assert (found.level, "and 1 more" in found.said) == ("warn", True)
