"""Which check judges an object, and what a script's answer amounts to."""

from typing import Any

import pytest

from reconciler.errors import SpecError
from reconciler.models.customizations import Script, customizations_of
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.models.observed import Health
from reconciler.plan.lens import PLAIN, Lens, compare_options, ignores_extraneous

SETTINGS = customizations_of({"resource.customizations.health.Service": "script"})
A_SERVICE: JsonObject = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}


def answering(answer: Any) -> Lens:
    def run(script: Script, body: JsonObject) -> Any:
        assert script.text == "script"
        assert body["kind"] == "Service"
        return answer

    return Lens(SETTINGS, run=run)


@pytest.mark.parametrize(
    ("answer", "health"),
    [
        ({"status": "Degraded", "message": "no endpoints"}, Health("Degraded", "no endpoints")),
        ({"status": "Healthy"}, Health("Healthy")),
        ({"status": "Fine"}, Health("Unknown", "Lua returned an invalid health status")),
        (None, None),
        ({}, None),
        ([], None),
    ],
)
def test_a_script_of_the_settings_comes_before_what_is_built_in(answer: Any, health: Health | None) -> None:
    assert answering(answer).health(A_SERVICE) == health
    assert PLAIN.health(A_SERVICE) == Health("Healthy")


def test_an_object_that_is_going_is_under_way_whatever_a_script_says() -> None:
    going = {**A_SERVICE, "metadata": {"name": "web", "deletionTimestamp": "2026-05-04T12:00:00Z"}}
    assert answering({"status": "Healthy"}).health(going) == Health("Progressing", "Pending deletion")


def test_a_script_that_fails_makes_the_health_unknown_and_says_why() -> None:
    def run(_script: Script, _body: JsonObject) -> Any:
        raise SpecError("it did not end within 1 s")

    health = Lens(SETTINGS, run=run).health(A_SERVICE)
    assert health == Health("Unknown", "the health script of Service failed: it did not end within 1 s")
    wrong = answering("Healthy").health(A_SERVICE)
    assert wrong is not None
    assert (wrong.status, "instead of a table" in wrong.message) == ("Unknown", True)


def test_compare_options_are_words_with_or_without_a_value() -> None:
    annotations = {"argocd.argoproj.io/compare-options": "IgnoreExtraneous , ServerSideDiff=false"}
    assert compare_options(annotations) == {"IgnoreExtraneous": "true", "ServerSideDiff": "false"}
    assert ignores_extraneous(LiveObject({"metadata": {"annotations": annotations}}))
    assert not ignores_extraneous(LiveObject({"metadata": {}}))
