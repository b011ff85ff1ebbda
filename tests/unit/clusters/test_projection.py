"""What of a live object is ours."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from reconciler.clusters.projection import projection

OURS = "argocd-controller"


def an_object(**changes: Any) -> dict[str, Any]:
    """A Deployment of which we applied a label, the replicas and one container's image."""
    container: dict[str, Any] = {"f:name": {}, "f:image": {}}
    fields = {
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, **container}}}},
        },
    }
    entry = {"manager": OURS, "operation": "Apply", "fieldsV1": fields}
    containers = [{"name": "side", "image": "s:1"}, {"name": "web", "image": "w:1", "imagePullPolicy": "Always"}]
    body = {
        "metadata": {"name": "web", "labels": {"app": "web"}, "resourceVersion": "1", "managedFields": [entry]},
        "spec": {"replicas": 2, "paused": False, "template": {"spec": {"containers": containers}}},
        "status": {"replicas": 2},
    }
    return body | changes


def changed(path: str, value: Any) -> dict[str, Any]:
    body = copy.deepcopy(an_object())
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
    node: Any = body
    for step in steps:
        node = node[step]
    node[last] = value
    return body


def test_only_owned_fields_are_projected() -> None:
    assert orjson.loads(projection(an_object(), OURS)) == {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": "w:1", "name": "web"}]}}},
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status.replicas", 1),
        ("metadata.resourceVersion", "2"),
        ("metadata.labels.other", "x"),
        ("spec.paused", True),
        ("spec.template.spec.containers.0.image", "s:2"),
        ("spec.template.spec.containers.1.imagePullPolicy", "Never"),
    ],
)
def test_what_others_own_may_change(path: str, value: Any) -> None:
    assert projection(changed(path, value), OURS) == projection(an_object(), OURS)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.labels", {}),
        ("spec.replicas", 3),
        ("spec.template.spec.containers.1.image", "w:2"),
        ("spec.template.spec.containers", [{"name": "side", "image": "s:1"}]),
    ],
)
def test_what_we_own_may_not(path: str, value: Any) -> None:
    assert projection(changed(path, value), OURS) != projection(an_object(), OURS)


def test_a_field_that_another_manager_took_over_shows_although_its_value_is_the_same() -> None:
    taken = copy.deepcopy(an_object())
    del taken["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:replicas"]
    assert projection(taken, OURS) != projection(an_object(), OURS)


def test_what_client_side_apply_left_counts_as_ours_and_a_status_entry_does_not() -> None:
    body = copy.deepcopy(an_object())
    body["metadata"]["managedFields"][0] |= {"manager": "kubectl-client-side-apply", "operation": "Update"}
    assert projection(body, OURS) == projection(an_object(), OURS)
    body["metadata"]["managedFields"][0]["subresource"] = "status"
    assert "paused" in orjson.loads(projection(body, OURS))["spec"], "nobody's object is projected whole"


def test_an_object_that_is_nobodys_is_projected_whole_without_bookkeeping() -> None:
    body = {"metadata": {"name": "a", "uid": "u", "resourceVersion": "1"}, "data": {"x": "1"}, "status": {"y": 1}}
    assert orjson.loads(projection(body, OURS)) == {"metadata": {"name": "a"}, "data": {"x": "1"}}
