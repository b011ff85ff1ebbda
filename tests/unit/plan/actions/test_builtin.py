"""What each built-in action changes, as the patch that is sent."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.models.keys import GroupKind
from reconciler.plan.actions import BUILT_IN, merge_patch
from tests.unit.plan.given import NOON

AT = "2026-05-04T12:00:00Z"
RESTARTED = {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": AT}}}}}
ROLLOUT = {"spec": {"strategy": {"canary": {"steps": [{}, {}]}}}, "status": {"currentStepIndex": 1}}


@pytest.mark.parametrize(
    ("kind", "action", "body", "patch"),
    [
        ("apps/Deployment", "restart", {}, RESTARTED),
        ("apps/StatefulSet", "restart", {"spec": {"template": {"metadata": {}}}}, RESTARTED),
        ("apps/DaemonSet", "restart", {}, RESTARTED),
        ("apps/Deployment", "pause", {"spec": {}}, {"spec": {"paused": True}}),
        ("apps/Deployment", "resume", {"spec": {"paused": True}}, {"spec": {"paused": None}}),
        ("batch/CronJob", "suspend", {"spec": {"suspend": False}}, {"spec": {"suspend": True}}),
        ("batch/CronJob", "resume", {"spec": {"suspend": True}}, {"spec": {"suspend": False}}),
        ("batch/Job", "terminate", {"spec": {}}, {"spec": {"activeDeadlineSeconds": 1}}),
        ("argoproj.io/Rollout", "restart", {}, {"spec": {"restartAt": AT}}),
        ("argoproj.io/Rollout", "abort", ROLLOUT, {"status": {"abort": True}}),
        ("argoproj.io/Rollout", "retry", {"status": {"abort": True}}, {"status": {"abort": False}}),
        ("argoproj.io/Rollout", "promote-full", {}, {"status": {"promoteFull": True, "abort": False}}),
        ("argoproj.io/Rollout", "skip-current-step", ROLLOUT, {"status": {"currentStepIndex": 2}}),
        (
            "argoproj.io/Rollout",
            "resume",
            {"spec": {"paused": True}, "status": {"pauseConditions": [{"reason": "x"}]}},
            {"spec": {"paused": None}, "status": {"pauseConditions": None}},
        ),
        (
            "external-secrets.io/ExternalSecret",
            "refresh",
            {"metadata": {"name": "a"}},
            {"metadata": {"annotations": {"force-sync": "1777896000"}}},
        ),
        (
            "kustomize.toolkit.fluxcd.io/Kustomization",
            "reconcile",
            {},
            {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": AT}}},
        ),
        (
            "argoproj.io/Application",
            "toggle-auto-sync",
            {"spec": {"syncPolicy": {"automated": {"prune": True}}}},
            {"spec": {"syncPolicy": {"automated": {"enabled": False}}}},
        ),
        ("keda.sh/ScaledObject", "pause", {}, {"metadata": {"annotations": {"autoscaling.keda.sh/paused": "true"}}}),
    ],
)
def test_an_action_changes_these_fields_and_no_others(kind: str, action: str, body: Any, patch: Any) -> None:
    change = BUILT_IN[GroupKind(*kind.split("/"))][action].apply(body, {}, NOON)
    assert change.operation == "patch"
    assert merge_patch(body, change.resource) == patch


def test_scaling_takes_a_number_and_nothing_else() -> None:
    scale = BUILT_IN[GroupKind("apps", "Deployment")]["scale"]
    assert merge_patch({}, scale.apply({}, {"replicas": "3"}, NOON).resource) == {"spec": {"replicas": 3}}
    for text in ("", "-1", "many", "1.5"):
        with pytest.raises(ValueError, match="no number of replicas"):
            scale.apply({}, {"replicas": text}, NOON)


def test_a_job_is_made_of_the_template_of_its_cron_job_and_owned_by_it() -> None:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"backoffLimit": 1}}
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "shop", "uid": "u"},
        "spec": {"schedule": "0 0 * * *", "jobTemplate": template},
    }
    change = BUILT_IN[GroupKind("batch", "CronJob")]["create-job"].apply(cron, {}, NOON)
    made = change.resource
    assert (change.operation, made["kind"], made["spec"]) == ("create", "Job", {"backoffLimit": 1})
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("nightly-20260504120000", "shop")
    assert made["metadata"]["ownerReferences"][0]["uid"] == "u"


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 2}}, {"b": {"c": 2}}),
        ({"a": 1}, {}, {"a": None}),
        ({"a": [], "b": {}, "c": None}, {"a": {}, "b": [], "d": {}}, {}),
        ({"a": [{"x": [], "y": 1}]}, {"a": [{"x": {}, "y": 1}]}, {}),
        ({"a": [{"x": 1}]}, {"a": [{"x": 2}]}, {"a": [{"x": 2}]}),
        ({"a": [[]]}, {"a": [{}]}, {"a": [{}]}),
    ],
)
def test_a_patch_holds_what_differs_but_for_what_lua_cannot_tell(before: Any, after: Any, patch: Any) -> None:
    assert merge_patch(before, after) == patch
