from typing import Any

import pytest

from reconciler.plan.scalars import parse_quantity, same_value

LIMIT = ("spec", "containers", "resources", "limits", "cpu")


@pytest.mark.parametrize(
    ("desired", "live"),
    [
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        (0.5, "500m"),
        (2, "2"),
        ("0.5Gi", "512Mi"),
        ("1e3", "1k"),
        ("100u", "1m"),
        ("1073741824", "1Gi"),
        ("+1", "1"),
        (".5", "500m"),
    ],
)
def test_one_quantity_is_written_in_many_ways(desired: Any, live: str) -> None:
    assert same_value(LIMIT, desired, live)


@pytest.mark.parametrize(
    ("desired", "live"), [("1", "2"), ("1Gi", "1G"), ("x", "1"), (True, "1"), ("1i", "1"), ("", "0")]
)
def test_different_quantities_and_no_quantities_differ(desired: Any, live: str) -> None:
    assert not same_value(LIMIT, desired, live)


def test_only_fields_that_hold_quantities_are_read_as_such() -> None:
    assert same_value(("spec", "metrics", "pods", "target", "value"), "1000m", "1")
    assert same_value(("spec", "volumes", "emptyDir", "sizeLimit"), "1024Mi", "1Gi")
    assert not same_value(("spec", "containers", "env", "value"), "1000m", "1")
    assert not same_value(("data",), "1000m", "1")


def test_a_quantity_is_rounded_up_to_thousandths() -> None:
    assert str(parse_quantity("1n")) == "0.001"
    assert parse_quantity("nonsense") is None
