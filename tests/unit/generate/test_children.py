"""What may happen to the Applications of a set, by its own policy and by the one of all sets."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.generate.children import POLICIES, policy_of
from reconciler.generate.faults import GeneratorFault
from reconciler.models.applicationset import ApplicationSet

ALL = "applicationsetcontroller.policy"
SWITCH = "applicationsetcontroller.enable.policy.override"


def a_set(policy: str) -> ApplicationSet:
    spec: dict[str, Any] = {"generators": [], "template": {}, "syncPolicy": {"applicationsSync": policy}}
    return ApplicationSet.parse({"metadata": {"name": "fleet", "namespace": "argocd"}, "spec": spec})


@pytest.mark.parametrize(
    ("own", "params", "effective"),
    [
        ("", {}, "sync"),
        ("create-only", {}, "create-only"),
        ("sync", {ALL: "create-only"}, "create-only"),
        ("create-only", {ALL: "sync"}, "sync"),
        ("sync", {ALL: "create-only", SWITCH: "false"}, "create-only"),
        ("sync", {ALL: "create-only", SWITCH: "perhaps"}, "create-only"),
        ("create-delete", {ALL: "create-only", SWITCH: "true"}, "create-delete"),
        ("", {ALL: "create-only", SWITCH: "true"}, "create-only"),
        ("create-only", {ALL: "", SWITCH: ""}, "create-only"),
        ("create-only", {SWITCH: "false"}, "sync"),
    ],
)
def test_the_policy_of_all_sets_counts_unless_a_set_may_override_it(
    own: str, params: dict[str, str], effective: str
) -> None:
    assert policy_of(a_set(own), params) == POLICIES[effective]


@pytest.mark.parametrize(
    ("own", "params", "place"),
    [
        ("never", {}, "spec.syncPolicy.applicationsSync"),
        ("sync", {ALL: "never"}, "applicationsetcontroller.policy of argocd-cmd-params-cm"),
    ],
)
def test_an_unknown_policy_is_named_with_its_place(own: str, params: dict[str, str], place: str) -> None:
    with pytest.raises(GeneratorFault, match=rf"{place} is 'never'; use one of sync, create-only"):
        policy_of(a_set(own), params)
