from typing import Any

import pytest

from reconciler.plan.managed import Step, item_node, last_writer, value_at

FIELDS: dict[str, Any] = {
    "f:spec": {
        "f:replicas": {},
        "f:containers": {
            'k:{"name":"web"}': {".": {}, "f:image": {}},
        },
        "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}},
        "f:selector": {},
    },
    "f:metadata": {"f:finalizers": {".": {}, 'v:"a"': {}}},
}
ENTRY = {"manager": "hpa", "operation": "Update", "time": "2026-05-04T12:00:00Z", "fieldsV1": FIELDS}
OLDER = {"manager": "old", "operation": "Update", "time": "2026-05-04T11:00:00Z", "fieldsV1": FIELDS}


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([Step("spec"), Step("replicas")], True),
        ([Step("spec"), Step("containers"), Step("web", {"name": "web"}), Step("image")], True),
        ([Step("spec"), Step("containers"), Step("web", {"name": "web"}), Step("args")], False),
        ([Step("spec"), Step("containers"), Step("api", {"name": "api"})], False),
        ([Step("spec"), Step("selector"), Step("app")], True),
        ([Step("data")], False),
    ],
)
def test_the_newest_owner_of_a_field_is_its_last_writer(steps: list[Step], found: bool) -> None:
    expected = ("hpa", "2026-05-04T12:00:00Z") if found else (None, None)
    assert last_writer([OLDER, ENTRY], steps) == expected


def test_a_list_item_is_found_by_its_keys_though_one_is_left_to_its_default() -> None:
    ports = FIELDS["f:spec"]["f:ports"]
    assert item_node(ports, {"port": 80}) is not None
    assert item_node(ports, {"port": 80, "protocol": "UDP"}) is None
    assert item_node(ports, {"name": "x"}) is None


def test_a_node_is_followed_into_an_object() -> None:
    body = {"spec": {"ports": [{"port": 80}], "set": ["a"], "zero": 0}}
    assert value_at("f:spec", body) == body["spec"]
    assert value_at('k:{"port":80,"protocol":"TCP"}', body["spec"]["ports"]) == {"port": 80}
    assert value_at('v:"a"', ["a"]) == "a"
    assert value_at('v:"b"', ["a"]) is None
    assert value_at("f:x", ["a"]) is None
    assert value_at(".", 5) == 5
