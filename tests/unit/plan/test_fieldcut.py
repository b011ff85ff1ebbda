"""Values that a manager owns go; what is around them, and what others own, stays."""

from typing import Any

from reconciler.plan.fieldcut import without_fields_of


def owned(fields: dict[str, Any], manager: str = "rotator") -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": fields}


def cut(body: dict[str, Any], fields: dict[str, Any], manager: str = "rotator") -> dict[str, Any]:
    return without_fields_of(body, [owned(fields, manager)], ["rotator"])


def test_an_owned_value_goes() -> None:
    assert cut({"spec": {"a": 1, "b": 2}}, {"f:spec": {".": {}, "f:a": {}}}) == {"spec": {"b": 2}}


def test_what_another_manager_owns_stays() -> None:
    assert cut({"spec": {"a": 1}}, {"f:spec": {"f:a": {}}}, "kubectl") == {"spec": {"a": 1}}


def test_items_are_found_by_their_keys_and_keep_them() -> None:
    body = {"webhooks": [{"name": "a", "ca": "x"}, {"name": "b", "ca": "y"}]}
    fields: dict[str, Any] = {"f:webhooks": {'k:{"name":"b"}': {".": {}, "f:name": {}, "f:ca": {}}}}
    assert cut(body, fields) == {"webhooks": [{"name": "a", "ca": "x"}, {"name": "b"}]}


def test_values_of_a_set_go_one_by_one() -> None:
    fields: dict[str, Any] = {"f:metadata": {"f:finalizers": {'v:"b"': {}}}}
    assert cut({"metadata": {"finalizers": ["a", "b"]}}, fields) == {"metadata": {"finalizers": ["a"]}}


def test_a_field_that_is_not_there_is_fine() -> None:
    body = {"spec": {"b": 2}, "list": "text"}
    assert cut(body, {"f:spec": {"f:a": {"f:deep": {}}}, "f:list": {'k:{"name":"b"}': {}}, "f:none": {}}) == body
