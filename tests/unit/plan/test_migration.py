from typing import Any

from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.plan.migration import migration, united

OURS = "argocd-controller"


def entry(manager: str, operation: str = "Update", *, fields: Any = None, **rest: str) -> dict[str, Any]:
    known = {"apiVersion": "v1", "time": "2026-05-04T12:00:00Z"}
    return {**known, "manager": manager, "operation": operation, "fieldsV1": fields or {"f:data": {}}, **rest}


def live(*entries: dict[str, Any], last_applied: str = "") -> LiveObject:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": last_applied} if last_applied else {}
    metadata = {"name": "web", "managedFields": list(entries), "annotations": annotations}
    return LiveObject({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def test_what_server_side_apply_or_others_own_needs_no_migration() -> None:
    others = [entry(OURS, "Apply"), entry("kubectl-edit"), entry("kubectl", "Apply")]
    status = entry("kubectl-client-side-apply", subresource="status")
    assert migration(live(*others, status), OURS) is None
    assert migration(live(), OURS) is None


def test_every_client_side_entry_moves_into_our_apply_entry() -> None:
    moved = migration(
        live(
            entry("kubectl-client-side-apply", fields={"f:data": {"f:a": {}}}),
            entry("kubectl-edit", fields={"f:data": {"f:z": {}}}),
            entry(OURS, fields={"f:data": {"f:b": {}}}),
            entry("argocd-application-controller", fields={"f:data": {"f:c": {}}}),
            entry(OURS, "Apply", fields={"f:data": {"f:d": {}}}),
        ),
        OURS,
    )
    assert moved is not None
    assert [(item["manager"], item["operation"]) for item in moved] == [("kubectl-edit", "Update"), (OURS, "Apply")]
    assert moved[1]["fieldsV1"] == {"f:data": {"f:a": {}, "f:b": {}, "f:c": {}, "f:d": {}}}


def test_the_manager_that_the_user_names_is_migrated_too() -> None:
    found = live(entry("my-tool"))
    assert migration(found, OURS) is None
    assert migration(found, OURS, ["my-tool"]) is not None


def test_only_what_the_last_apply_set_is_taken_over() -> None:
    fields: JsonObject = {
        "f:spec": {".": {}, "f:replicas": {}, "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}}
    }
    last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"web"},"spec":{"ports":[{"port":80}]}}'
    moved = migration(live(entry(OURS, fields=fields), last_applied=last), OURS)
    assert moved is not None
    ports: JsonObject = {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}}
    assert moved[0]["fieldsV1"] == {"f:spec": {".": {}, **ports}}


def test_a_record_of_the_last_apply_that_cannot_be_read_is_as_good_as_none() -> None:
    moved = migration(live(entry(OURS, fields={"f:data": {"f:a": {}}}), last_applied="{broken"), OURS)
    assert moved is not None
    assert moved[0]["fieldsV1"] == {"f:data": {"f:a": {}}}


def test_uniting_keeps_what_either_owns() -> None:
    assert united({"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}, "f:d": {}}) == {"f:a": {"f:b": {}, "f:c": {}}, "f:d": {}}
