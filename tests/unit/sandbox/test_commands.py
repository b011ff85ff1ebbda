import pytest

from reconciler.sandbox.commands import _identity, _nested


@pytest.mark.parametrize(
    ("assignment", "patch"),
    [
        ("spec.replicas=1", {"spec": {"replicas": 1}}),
        ("data.greeting=Hello=World", {"data": {"greeting": "Hello=World"}}),
        ("metadata.labels={a: b}", {"metadata": {"labels": {"a": "b"}}}),
        ("spec.paused=null", {"spec": {"paused": None}}),
    ],
)
def test_an_assignment_becomes_a_merge_patch(assignment: str, patch: object) -> None:
    assert _nested(assignment) == patch


def test_an_object_is_named_by_version_kind_namespace_and_name() -> None:
    assert _identity("apps/v1/Deployment", "orders/orders-api") == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": "orders", "name": "orders-api"},
    }
