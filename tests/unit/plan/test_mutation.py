"""What a webhook sets by the way is told from what we would change."""

from typing import Any

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.plan.diff import differences
from reconciler.plan.mutation import by_applying

OURS = "argocd-controller"


def an_object(data: JsonObject, *entries: JsonObject) -> JsonObject:
    return {"metadata": {"name": "web", "managedFields": list(entries)}, "data": data}


def entry(*fields: str, manager: str = OURS, operation: str = "Apply") -> JsonObject:
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:data": {f"f:{name}": {} for name in fields}}}


def paths(live: JsonObject, predicted: JsonObject, desired: JsonObject | None = None) -> list[str]:
    counts = by_applying(Manifest(desired or {}), LiveObject(live), predicted, OURS)
    data: Any = [{"data": body["data"]} for body in (live, predicted)]
    return [found.path for found in differences(*data, counts=counts)]


def test_what_nobody_applied_is_a_webhooks() -> None:
    live = an_object({"a": "1"}, entry("a"))
    assert paths(live, an_object({"a": "2", "b": "injected"}, entry("a"))) == ["data.a"]


def test_what_would_go_counts_always() -> None:
    assert paths(an_object({"a": "1", "b": "2"}, entry("a")), an_object({"a": "1"}, entry("a"))) == ["data.b"]


def test_what_we_let_go_of_counts_although_a_default_takes_its_place() -> None:
    live = an_object({"a": "1", "b": "5"}, entry("a", "b"))
    assert paths(live, an_object({"a": "1", "b": "1"}, entry("a"))) == ["data.b"]


def test_what_client_side_apply_left_to_us_is_ours() -> None:
    live = an_object({"a": "5"}, entry("a", manager="kubectl-client-side-apply", operation="Update"))
    assert paths(live, an_object({"a": "1"}, entry("z"))) == ["data.a"]


def test_without_ownership_everything_counts() -> None:
    assert paths(an_object({"a": "1"}), an_object({"a": "2"})) == ["data.a"]


def test_what_is_desired_counts_whoever_owns_it() -> None:
    live, predicted = an_object({"a": "1"}, entry("z")), an_object({"a": "2"}, entry("z"))
    assert paths(live, predicted) == []
    assert paths(live, predicted, {"data": {"a": "2"}}) == ["data.a"]


def test_an_estimate_has_no_ownership_of_its_own_so_everything_counts() -> None:
    live = an_object({"a": "theirs"}, entry("a", manager="somebody", operation="Update"))
    assert paths(live, {**live, "data": {"a": "ours"}}) == ["data.a"]
