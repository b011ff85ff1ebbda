from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.application import Application
from reconciler.models.observed import Condition
from reconciler.plan.build import build_plan
from reconciler.plan.patch import deletion_patch, refresh_patch, status_patch
from reconciler.plan.status import next_status
from tests.unit.plan.given import NOON, a_map, a_policy, an_app, at, equal, later, patched, sees, wants

REFRESH = "argocd.argoproj.io/refresh"
WEB = a_map("web")


def settled(app: Application) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    plan = build_plan(app, wants(WEB), sees(equal(WEB)), a_policy(), now=NOON)
    status = next_status(app, plan, None, None, now=NOON)
    return status_patch(app, plan, status), status


def test_the_first_status_is_added_as_a_whole_and_tests_the_identity() -> None:
    patch, status = settled(an_app())
    assert patch == [
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "add", "path": "/status", "value": status},
    ]


def test_only_the_parts_that_changed_are_written_and_foreign_parts_stay() -> None:
    first = patched(an_app(), settled(an_app())[0])
    body = {**first.raw, "status": {**first.raw["status"], "health": {"status": "Degraded"}, "theirs": 1}}
    patch, status = settled(Application.parse(body))
    assert [change["path"] for change in patch] == ["/metadata/uid", "/status/health"]
    assert status["theirs"] == 1


def test_a_health_held_elsewhere_is_marked_as_held_here_again() -> None:
    app = an_app(status={"resourceHealthSource": "appTree"})
    assert {"op": "remove", "path": "/status/resourceHealthSource"} in settled(app)[0]


def test_a_patch_for_another_application_of_the_same_name_fails() -> None:
    with pytest.raises(AssertionError, match="/metadata/uid"):
        patched(an_app(metadata={"uid": "u-2"}), settled(an_app())[0])


def test_a_refresh_is_taken_down_only_if_no_newer_one_came_in() -> None:
    old = {REFRESH: "normal", f"{REFRESH}-timestamp": at(0)}
    app = an_app(metadata={"annotations": old})
    patch = refresh_patch(app)
    assert REFRESH not in patched(app, patch).metadata.annotations
    with pytest.raises(AssertionError, match="refresh-timestamp"):
        patched(an_app(metadata={"annotations": {**old, f"{REFRESH}-timestamp": at(9)}}), patch)
    assert refresh_patch(an_app()) == []


def test_an_obstacle_of_a_deletion_is_shown_once_and_taken_down_when_it_is_gone() -> None:
    app = an_app(status={"resources": [{"kind": "ConfigMap", "name": "a"}]})
    obstacle = Condition("DeletionError", "the cluster does not answer")
    shown = patched(app, deletion_patch(app, obstacle, now=NOON))
    assert [item.type for item in shown.status.conditions] == ["DeletionError"]
    assert deletion_patch(shown, obstacle, now=later(60)) == []
    assert patched(shown, deletion_patch(shown, None, now=later(60))).status.conditions == ()
    assert deletion_patch(app, None, now=NOON) == []
