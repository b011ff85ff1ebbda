from typing import Any

from reconciler.models.manifest import LiveObject
from reconciler.plan.place import ABSENT, Place, by_identity, root


def place(*entries: dict[str, Any], kind: str = "Service", api_version: str = "v1") -> Place:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "managedFields": list(entries)}}
    return root(LiveObject(body), "ours", ())


def entry(manager: str, operation: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields}


def test_owners_are_sorted_into_ours_those_we_take_over_and_others() -> None:
    whole: dict[str, Any] = {"f:spec": {"f:type": {}}}
    found = place(
        entry("ours", "Apply", whole),
        entry("argocd-controller", "Update", whole),
        entry("kubectl", "Apply", whole),
        entry("kubectl-edit", "Update", whole),
    ).at("spec")
    assert [len(nodes) for nodes in (found.applied, found.taken, found.others, found.editors)] == [1, 1, 2, 1]
    assert found.at("type").was_applied
    assert not found.at("ports").was_applied


def test_what_somebody_owns_as_a_whole_is_theirs_below_too() -> None:
    found = place(entry("kubectl-edit", "Update", {"f:spec": {"f:selector": {}}})).at("spec").at("selector")
    assert found.at("app").others
    assert not place(entry("ours", "Apply", {"f:spec": {}})).at("spec").at("size").was_applied


def test_items_are_followed_by_their_keys_with_defaults_filled_in() -> None:
    ports: dict[str, Any] = {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}}}
    found = place(entry("ours", "Apply", ports)).at("spec").at("ports")
    keys = found.list_keys()
    assert keys == ("port", "protocol")
    assert found.item({"port": 80}, keys).at("port").was_applied


def test_ownership_tells_how_lists_of_custom_resources_merge() -> None:
    lists: dict[str, Any] = {"f:spec": {"f:keyed": {'k:{"id":1}': {}}, "f:set": {'v:"a"': {}}, "f:whole": {}}}
    spec = place(entry("a", "Apply", lists), kind="Thing", api_version="example.com/v1").at("spec")
    assert [spec.at(name).list_keys() for name in ("keyed", "set", "whole", "unknown")] == [("id",), (), None, None]


def test_items_that_cannot_be_told_apart_have_no_identity() -> None:
    assert by_identity([{"name": "a"}, {"name": "a"}], ("name",)) is None
    assert by_identity(["a"], ("name",)) is None
    assert by_identity([["unhashable"]], ()) is None
    assert by_identity([{"name": "a"}], ("name",)) == {("a",): {"name": "a"}}
    assert place().last is ABSENT
