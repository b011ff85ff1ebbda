"""Fields that are not compared are not written either: what is applied carries their live values."""

from typing import Any

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.source import IgnoreDifference
from reconciler.plan.ignore import IgnoreRules
from reconciler.plan.respect import respecting

OURS = "argocd-controller"


def a_deployment(spec: JsonObject, **metadata: Any) -> JsonObject:
    known = {"name": "web", "namespace": "shop", **metadata}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": known, "spec": spec}


def ignoring(*pointers: str, **more: Any) -> IgnoreRules:
    rule = {"group": "apps", "kind": "Deployment", "jsonPointers": list(pointers), **more}
    return IgnoreRules.of([IgnoreDifference.model_validate(rule)])


def applied(desired: JsonObject, live: JsonObject, rules: IgnoreRules) -> Any:
    return respecting(Manifest(a_deployment(desired)), LiveObject(a_deployment(live)), rules, OURS).body["spec"]


def owned_by(manager: str, fields: JsonObject, operation: str = "Apply") -> JsonObject:
    return {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": fields}


def test_an_ignored_field_that_git_names_is_applied_with_its_live_value() -> None:
    assert applied({"replicas": 3, "paused": False}, {"replicas": 5, "paused": True}, ignoring("/spec/replicas")) == {
        "replicas": 5,
        "paused": False,
    }


def test_an_ignored_field_that_is_not_there_is_not_applied() -> None:
    assert applied({"replicas": 3}, {}, ignoring("/spec/replicas")) == {}


def test_an_ignored_field_that_git_does_not_name_is_left_to_whoever_has_it() -> None:
    assert applied({"paused": False}, {"replicas": 5}, ignoring("/spec/replicas")) == {"paused": False}


def test_an_ignored_field_of_ours_that_git_names_no_more_stays() -> None:
    live = a_deployment({"replicas": 5}, managedFields=[owned_by(OURS, {"f:spec": {"f:replicas": {}}})])
    desired = Manifest(a_deployment({"paused": False}))
    result = respecting(desired, LiveObject(live), ignoring("/spec/replicas"), OURS)
    assert result.body["spec"] == {"paused": False, "replicas": 5}


def test_in_lists_the_item_of_the_same_name_is_meant() -> None:
    desired = {"containers": [{"name": "new", "image": "n:1"}, {"name": "web", "image": "w:2"}]}
    live = {"containers": [{"name": "web", "image": "w:1"}]}
    assert applied(desired, live, ignoring("/spec/containers/0/image")) == {
        # The pointer means another item in what is desired: its image goes, as Argo CD's does.
        "containers": [{"name": "new"}, {"name": "web", "image": "w:1"}]
    }


def test_an_item_that_is_ignored_as_a_whole_stays_as_it_is() -> None:
    desired = {"containers": [{"name": "web", "image": "w:2"}, {"name": "side", "image": "s:2"}]}
    live = {"containers": [{"name": "web", "image": "w:1"}, {"name": "side", "image": "s:1"}]}
    assert applied(desired, live, ignoring("/spec/containers/1")) == {
        "containers": [{"name": "web", "image": "w:2"}, {"name": "side", "image": "s:1"}]
    }


def test_what_a_named_manager_owns_is_left_at_its_value() -> None:
    fields: JsonObject = {"f:spec": {"f:replicas": {}}}
    live = a_deployment({"replicas": 5, "paused": True}, managedFields=[owned_by("hpa", fields, "Update")])
    rules = ignoring(managedFieldsManagers=["hpa"])
    result = respecting(Manifest(a_deployment({"replicas": 3, "paused": False})), LiveObject(live), rules, OURS)
    assert result.body["spec"] == {"replicas": 5, "paused": False}


def test_an_object_that_no_rule_covers_is_applied_as_it_is() -> None:
    desired = Manifest(a_deployment({"replicas": 3}))
    live = LiveObject(a_deployment({"replicas": 5}))
    assert respecting(desired, live, ignoring("/spec/replicas", kind="Secret"), OURS) is desired
