from typing import Any

import pytest

from reconciler.models.manifest import LiveObject, Manifest
from reconciler.plan.ownership import owned_fields_equal

OURS = "argocd-controller"
DESIRED: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {
        "selector": {"app": "web"},
        "ports": [{"port": 80, "name": "http"}, {"port": 53, "protocol": "UDP", "name": "dns"}],
    },
}
FIELDS: dict[str, Any] = {
    "f:metadata": {"f:labels": {"f:app": {}}},
    "f:spec": {
        "f:selector": {},
        "f:ports": {
            'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:name": {}},
            'k:{"port":53,"protocol":"UDP"}': {".": {}, "f:port": {}, "f:protocol": {}, "f:name": {}},
        },
    },
}
PORTS = [{"port": 80, "protocol": "TCP", "targetPort": 80, "name": "http"}, DESIRED["spec"]["ports"][1]]
SPEC = {"type": "ClusterIP", "selector": {"app": "web"}, "ports": PORTS}


def entry(**more: Any) -> dict[str, Any]:
    return {"manager": OURS, "operation": "Apply", "apiVersion": "v1", "fieldsV1": FIELDS, **more}


def proof(*entries: dict[str, Any], spec: dict[str, Any] | None = None, desired: dict[str, Any] | None = None) -> Any:
    metadata = {**DESIRED["metadata"], "uid": "u", "managedFields": list(entries or [entry()])}
    live = {**DESIRED, "metadata": metadata, "spec": {**SPEC, **(spec or {})}, "status": {}}
    return owned_fields_equal(Manifest(desired or DESIRED), LiveObject(live), OURS)


def test_equal_fields_with_equal_values_are_a_proof() -> None:
    assert proof() is True


@pytest.mark.parametrize(
    "entries",
    [
        [entry(manager="kubectl")],
        [entry(), entry()],
        [entry(subresource="status")],
        [entry(apiVersion="v2")],
        [entry(operation="Update")],
        [entry(), entry(manager="kubectl-client-side-apply", operation="Update")],
        [entry(fieldsV1={**FIELDS, "f:data": {}})],
        [entry(fieldsV1={"f:spec": FIELDS["f:spec"]})],
    ],
)
def test_any_doubt_about_who_owns_what_goes_to_the_server(entries: list[dict[str, Any]]) -> None:
    assert proof(*entries) is None


@pytest.mark.parametrize(
    "spec",
    [
        {"selector": {"app": "web", "added": "x"}},
        {"selector": {"app": "other"}},
        {"ports": PORTS[:1]},
        {"ports": PORTS[::-1]},
        {"ports": [{**PORTS[0], "name": "other"}, PORTS[1]]},
        {"ports": []},
        {"ports": None},
    ],
)
def test_any_other_live_value_goes_to_the_server(spec: dict[str, Any]) -> None:
    assert proof(spec=spec) is None


def test_what_others_added_beside_our_items_is_theirs() -> None:
    assert proof(spec={"ports": [*PORTS, {"port": 9, "protocol": "TCP"}], "clusterIP": "10.0.0.1"}) is True


def test_another_port_of_the_same_number_is_not_ours() -> None:
    changed = {
        **DESIRED,
        "spec": {**DESIRED["spec"], "ports": [{"port": 80, "name": "http"}, {"port": 53, "name": "dns"}]},
    }
    assert proof(desired=changed) is None


def test_a_number_is_not_a_truth() -> None:
    def custom(value: Any) -> dict[str, Any]:
        return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"on": value}}

    owned = entry(apiVersion="example.com/v1", fieldsV1={"f:spec": {"f:on": {}}})
    live = custom(1)
    live["metadata"] = {"name": "x", "managedFields": [owned]}
    assert owned_fields_equal(Manifest(custom(True)), LiveObject(live), OURS) is None
    assert owned_fields_equal(Manifest(custom(1)), LiveObject(live), OURS) is True


def test_values_of_built_in_kinds_count_as_their_server_stores_them() -> None:
    def quota(cpu: str) -> dict[str, Any]:
        spec = {"hard": {"cpu": cpu}}
        return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "x"}, "spec": spec}

    live = {
        **quota("1"),
        "metadata": {"name": "x", "managedFields": [entry(fieldsV1={"f:spec": {"f:hard": {"f:cpu": {}}}})]},
    }
    assert owned_fields_equal(Manifest(quota("1000m")), LiveObject(live), OURS) is True
    assert owned_fields_equal(Manifest(quota("1001m")), LiveObject(live), OURS) is None
