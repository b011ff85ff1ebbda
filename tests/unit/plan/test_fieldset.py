from typing import Any

import pytest

from reconciler.plan.fieldset import identity, owned_items, owns_exactly

KEYED: dict[str, Any] = {'k:{"name":"a"}': {".": {}, "f:name": {}}, 'k:{"name":"b"}': {".": {}, "f:name": {}}}
SET: dict[str, Any] = {".": {}, 'v:"x"': {}, "v:1": {}}


@pytest.mark.parametrize(
    ("fields", "desired", "exact"),
    [
        ({"f:a": {}}, {"a": {"whatever": 1}}, True),
        ({"f:a": {}}, {"a": 1, "b": 2}, False),
        ({"f:a": {}, "f:b": {}}, {"a": 1}, False),
        ({"f:a": {"f:b": {}}}, {"a": 1}, False),
        (KEYED, [{"name": "a"}, {"name": "b"}], True),
        (KEYED, [{"name": "a"}], False),
        (KEYED, [{"name": "a"}, {"name": "c"}], False),
        (KEYED, [{"name": "a"}, {"name": "b", "x": 1}], False),
        (KEYED, ["a", "b"], False),
        (SET, ["x", 1], True),
        (SET, ["x", "1"], False),
    ],
)
def test_fields_are_exactly_those_of_the_object_or_not(fields: Any, desired: Any, exact: bool) -> None:
    assert owns_exactly(fields, desired) is exact


def test_items_are_known_by_the_values_of_their_keys() -> None:
    names, owned = owned_items({".": {}, 'k:{"port":80,"protocol":"TCP"}': {"f:port": {}}})
    assert names == ("port", "protocol")
    assert owned == {(80, "TCP"): {"f:port": {}}}
    assert identity({"port": 80}, names) == (80, "TCP")
