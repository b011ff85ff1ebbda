"""Ending an operation, or taking back one that nobody has begun."""

import pytest

from reconciler.cli.app.terminate import terminate_patch
from reconciler.cli.problems import Problem
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from tests.unit.plan.given import an_app, finished

REQUESTED: JsonObject = {"sync": {}}
PHASE = "/status/operationState/phase"


def test_a_running_operation_is_marked_and_only_that_one() -> None:
    running = {**finished("Running"), "startedAt": "then"}
    patch = terminate_patch(an_app(operation=REQUESTED, status={"operationState": running}))
    assert patch == [
        {"op": "test", "path": "/status/operationState/startedAt", "value": "then"},
        {"op": "test", "path": PHASE, "value": "Running"},
        {"op": "replace", "path": PHASE, "value": "Terminating"},
    ]


@pytest.mark.parametrize(
    ("status", "unbegun"),
    [
        ({}, {"path": "/status", "value": None}),
        ({"status": {"sync": {}}}, {"path": "/status/operationState", "value": None}),
        ({"status": {"operationState": finished()}}, {"path": "/status/operationState", "value": finished()}),
    ],
)
def test_an_operation_that_nobody_has_begun_is_withdrawn_unless_it_begins_now(
    status: JsonObject, unbegun: JsonObject
) -> None:
    patch = terminate_patch(an_app(operation=REQUESTED, **status))
    assert patch[0] == {"op": "test", "path": "/operation", "value": REQUESTED}
    assert patch[1:] == [{"op": "test", **unbegun}, {"op": "remove", "path": "/operation"}]


@pytest.mark.parametrize(
    "app",
    [
        an_app(),
        an_app(status={"operationState": finished()}),
        an_app(operation=REQUESTED, status={"operationState": finished("Terminating")}),
    ],
)
def test_there_has_to_be_something_to_end(app: Application) -> None:
    with pytest.raises(Problem):
        terminate_patch(app)
