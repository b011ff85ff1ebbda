"""Which entry of the history a rollback means."""

import pytest

from reconciler.cli.app.history import chosen
from reconciler.cli.problems import Problem
from reconciler.models.application import Application
from tests.unit.plan.given import C1, C2, an_app


def deployed(*revisions: str) -> Application:
    return an_app(status={"history": [{"id": i + 5, "revision": revision} for i, revision in enumerate(revisions)]})


def test_without_an_id_it_is_the_one_before_the_last() -> None:
    assert chosen(deployed(C1, C2), None).revision == C1


def test_an_id_names_its_entry_and_an_unknown_one_is_answered_with_those_there_are() -> None:
    assert chosen(deployed(C1, C2), 6).revision == C2
    with pytest.raises(Problem, match="choose one of 5, 6"):
        chosen(deployed(C1, C2), 7)


def test_the_first_deployment_has_nothing_before_it() -> None:
    with pytest.raises(Problem, match="nothing before"):
        chosen(deployed(C1), None)
