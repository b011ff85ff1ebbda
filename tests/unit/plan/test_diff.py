from typing import Any

import pytest

from reconciler.models.result import Difference
from reconciler.plan.diff import LONGEST_VALUE, MOST_DIFFERENCES, differences, same_json


def found(live: dict[str, Any], desired: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    return [(entry.path, entry.live, entry.desired) for entry in differences(live, desired)]


def test_equal_objects_differ_in_nothing() -> None:
    assert differences({"a": {"b": 1}}, {"a": {"b": 1}}) == ()
    assert differences({"a": 1}, {"a": 1.0}) == ()


def test_a_difference_names_field_live_and_desired() -> None:
    assert found({"spec": {"replicas": 5}}, {"spec": {"replicas": 3}}) == [("spec.replicas", "5", "3")]
    assert found({"spec": {"paused": True}}, {"spec": {}}) == [("spec.paused", "true", None)]
    assert found({}, {"spec": {"a": 1}}) == [("spec", None, '{"a":1}')]


def test_true_is_not_one() -> None:
    assert found({"a": True}, {"a": 1}) == [("a", "true", "1")]
    assert not same_json([0], [False])


def test_list_items_are_matched_by_name() -> None:
    live = {"containers": [{"name": "a", "image": "1"}, {"name": "b"}]}
    desired = {"containers": [{"name": "a", "image": "2"}, {"name": "c"}]}
    assert found(live, desired) == [
        ("containers[a].image", "1", "2"),
        ("containers[b]", '{"name":"b"}', None),
        ("containers[c]", None, '{"name":"c"}'),
    ]


def test_another_order_of_named_items_is_a_difference() -> None:
    live, desired = {"env": [{"name": "a"}, {"name": "b"}]}, {"env": [{"name": "b"}, {"name": "a"}]}
    assert found(live, desired) == [("env.order", '["a","b"]', '["b","a"]')]


def test_nameless_lists_are_compared_item_by_item_or_as_a_whole() -> None:
    assert found({"rules": [{"a": 1}]}, {"rules": [{"a": 2}]}) == [("rules[0].a", "1", "2")]
    assert found({"args": ["x"]}, {"args": ["x", "y"]}) == [("args", '["x"]', '["x","y"]')]


def test_labels_and_annotations_are_told_key_by_key() -> None:
    desired = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    assert found({"metadata": {}}, desired) == [("metadata.labels.a", None, "1"), ("metadata.labels.b", None, "2")]


def test_who_wrote_the_live_value_and_when_is_told() -> None:
    entry = {"manager": "kubectl-edit", "time": "2026-05-04T12:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    assert differences({"spec": {"replicas": 5}}, {"spec": {"replicas": 3}}, managed_fields=[entry]) == (
        Difference("spec.replicas", "5", "3", "kubectl-edit", "2026-05-04T12:00:00Z"),
    )


def test_secret_values_are_masked() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret"}
    (entry,) = differences({**secret, "data": {"a": "b2xk"}}, {**secret, "data": {"a": "bmV3"}})
    assert entry.live != entry.desired
    assert {*str(entry.live), *str(entry.desired)} == {"+"}


def test_long_values_and_long_lists_are_cut() -> None:
    (entry,) = differences({"a": "x" * 1000}, {"a": "y"})
    assert len(entry.live or "") == LONGEST_VALUE + 1
    many = {str(number): number for number in range(1000)}
    assert len(differences(many, {})) == MOST_DIFFERENCES


@pytest.mark.parametrize(("left", "right"), [(1, 1.0), ({"a": [1]}, {"a": [1]}), (None, None)])
def test_equal_json_is_the_same(left: Any, right: Any) -> None:
    assert same_json(left, right)
