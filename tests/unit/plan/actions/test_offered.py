"""Which actions an object offers: those of the settings, and the built-in ones where they may stand beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.errors import SpecError
from reconciler.models.customizations import Script, customizations_of
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.plan.actions import Change, Offer, changes_of, offer
from reconciler.plan.lens import Lens
from tests.unit.plan.given import NOON

WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {}}
LIVE = LiveObject(WEB)
OWN = "discovery.lua: discover\ndefinitions: [{name: warm, action.lua: warming}]\n"


def lens(text: str = "", run: Callable[[Script, JsonObject], Any] = lambda _script, _body: {}) -> Lens:
    settings = {"resource.customizations.actions.apps_Deployment": text} if text else {}
    return Lens(customizations_of(settings), run=run)


def answering(discovered: Any, returned: Any = None) -> Callable[[Script, JsonObject], Any]:
    return lambda script, _body: discovered if script.text == "discover" else returned


def test_built_in_actions_say_whether_they_are_possible_now() -> None:
    assert offer(LIVE, lens()) == (
        Offer("pause"),
        Offer("restart"),
        Offer("resume", is_enabled=False),
        Offer("scale", params=("replicas",)),
    )


def test_actions_of_the_settings_replace_the_built_in_ones_unless_they_merge() -> None:
    run = answering({"warm": {"disabled": True, "params": [{"name": "degrees"}]}, "undefined": {}})
    assert offer(LIVE, lens(OWN, run)) == (Offer("warm", is_enabled=False, params=("degrees",)),)
    merged = offer(LIVE, lens(OWN + "mergeBuiltinActions: true\n", run))
    assert [item.name for item in merged] == ["pause", "restart", "resume", "scale", "warm"]


def test_what_is_not_offered_or_not_possible_is_refused() -> None:
    for name in ("dance", "resume"):
        with pytest.raises(SpecError, match=f"action {name} is not"):
            changes_of(LIVE, name, {}, lens(), now=NOON)
    with pytest.raises(SpecError, match="no number of replicas"):
        changes_of(LIVE, "scale", {}, lens(), now=NOON)


def test_an_action_of_the_settings_may_return_the_object_or_a_list_of_changes() -> None:
    warmer = {**WEB, "spec": {"warm": True}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "shop"}}
    both = [{"operation": "patch", "resource": warmer}, {"operation": "create", "resource": job}]
    assert changes_of(LIVE, "warm", {}, lens(OWN, answering({"warm": {}}, warmer)), now=NOON) == (
        Change("patch", warmer),
    )
    assert changes_of(LIVE, "warm", {}, lens(OWN, answering({"warm": {}}, both)), now=NOON) == (
        Change("patch", warmer),
        Change("create", job),
    )


@pytest.mark.parametrize(
    ("returned", "complaint"),
    [
        (None, "something that is no object"),
        ("text", "something that is no object"),
        ([{"operation": "delete", "resource": WEB}], "neither create nor patch"),
        ([5], "neither create nor patch"),
        ({**WEB, "metadata": {"name": "other", "namespace": "shop"}}, "would patch another object"),
        ({**WEB, "kind": "Secret"}, "would patch another object"),
    ],
)
def test_nonsense_from_a_script_is_refused(returned: Any, complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        changes_of(LIVE, "warm", {}, lens(OWN, answering({"warm": {}}, returned)), now=NOON)


def test_parameters_stand_before_the_program_and_cannot_end_their_quotes() -> None:
    seen: list[str] = []

    def run(script: Script, body: JsonObject) -> Any:
        seen.append(script.text)
        return {"warm": {}} if script.text == "discover" else body

    changes_of(LIVE, "warm", {"degrees": '"]=os'}, lens(OWN, run), now=NOON)
    assert seen[-1] == 'actionParams = {["\\100\\101\\103\\114\\101\\101\\115"]="\\034\\093\\061\\111\\115"} warming'
