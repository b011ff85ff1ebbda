import pytest

from reconciler.models.keys import ObjectKey
from reconciler.models.source import IgnoreDifference
from reconciler.plan.ignore import IgnoreRules, parse_pointer, removed

WEB = ObjectKey("apps", "Deployment", "shop", "web")


def rules(*pointers: str, **rule: str) -> IgnoreRules:
    known = {"group": "apps", "kind": "Deployment", **rule}
    return IgnoreRules.of([IgnoreDifference.model_validate({**known, "jsonPointers": list(pointers)})])


def test_the_field_at_a_pointer_goes_and_all_else_is_shared() -> None:
    body = {"spec": {"replicas": 3, "template": {"a": 1}}}
    without = rules("/spec/replicas").without(body, WEB)
    assert without == {"spec": {"template": {"a": 1}}}
    assert without["spec"]["template"] is body["spec"]["template"]
    assert body["spec"]["replicas"] == 3


def test_a_missing_field_is_fine() -> None:
    body = {"spec": {"list": [1]}}
    for pointer in ("/nowhere", "/spec/list/7", "/spec/list/x", "/spec/list/0/deeper"):
        assert rules(pointer).without(body, WEB) == body, pointer


def test_items_of_lists_are_named_by_index() -> None:
    body = {"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]}}
    assert rules("/spec/containers/0/image").without(body, WEB) == {
        "spec": {"containers": [{"name": "a"}, {"name": "b"}]}
    }
    assert rules("/spec/containers/1").without(body, WEB) == {"spec": {"containers": [{"name": "a", "image": "x"}]}}


def test_slash_and_tilde_are_escaped() -> None:
    assert parse_pointer("/metadata/annotations/a.b~1c~0d") == ("metadata", "annotations", "a.b/c~d")
    assert parse_pointer("/~01") == ("~1",)


@pytest.mark.parametrize(
    ("rule", "covers"),
    [
        ({"group": "*"}, True),
        ({"group": "app*", "kind": "*"}, True),
        ({"kind": "deployment"}, False),
        ({"group": ""}, False),
        ({"name": "web", "namespace": "shop"}, True),
        ({"name": "we*"}, False),
        ({"namespace": "elsewhere"}, False),
    ],
)
def test_group_and_kind_are_globs_and_name_and_namespace_exact(rule: dict[str, str], covers: bool) -> None:
    body = {"spec": {"replicas": 1}}
    assert (rules("/spec/replicas", **rule).without(body, WEB) == {"spec": {}}) is covers


def test_rules_of_the_settings_hold_too() -> None:
    system = [IgnoreDifference.model_validate({"group": "*", "kind": "*", "jsonPointers": ["/spec"]})]
    assert IgnoreRules.of([], system).without({"spec": {}, "kind": "x"}, WEB) == {"kind": "x"}


def test_removing_from_a_plain_value_changes_nothing() -> None:
    assert removed("text", ("a",)) == "text"
