from typing import Any

import pytest

from reconciler.plan.atoms import covers

PORT = ("spec", "ingress", "ports")


@pytest.mark.parametrize(
    ("desired", "live", "covered"),
    [
        ([{"port": 80}], [{"port": 80, "protocol": "TCP"}], True),
        ([{"port": 80}], [{"port": 80, "protocol": "UDP"}], False),
        ([{"port": 80, "protocol": "TCP"}], [{"port": 80}], True),
        ([{"port": 80, "endPort": 0}], [{"port": 80}], False),
        ([{"port": 80}], [], False),
        ([{"port": 80}], [{"port": "80"}], False),
    ],
)
def test_only_defaults_may_have_been_added(desired: Any, live: Any, covered: bool) -> None:
    assert covers("NetworkPolicy", PORT, desired, live) is covered


def test_an_empty_object_that_means_something_is_no_default() -> None:
    peers = ("spec", "ingress", "from")
    assert not covers(
        "NetworkPolicy", peers, [{"namespaceSelector": {}}], [{"namespaceSelector": {}, "podSelector": {}}]
    )


def test_in_a_custom_resource_every_addition_is_taken_for_a_default_and_no_value_for_another() -> None:
    assert covers(None, ("spec", "plain"), [{"a": 1}], [{"a": 1, "b": 9}])
    assert not covers(None, ("spec", "plain"), [{"a": 1, "b": 1}], [{"a": 1}])
    assert not covers(None, ("spec", "limits"), {"cpu": "1000m"}, {"cpu": "1"})
