"""The ways in which fleets were applied before us, emulated call by call against a real API server."""

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from urllib.parse import urlencode

from reconciler.models.manifest import LiveObject
from reconciler.plan.migration import migration
from reconciler.sandbox.api import APPLY, Api, ApiError, Json
from tests.support.edits import edited

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
OURS = "argocd-controller"


def client_side(manager: str) -> Callable[[Api, Json], Json]:
    """`kubectl apply` of a new object: created whole, with the manifest in an annotation."""

    def apply(api: Api, manifest: Json) -> Json:
        metadata = manifest["metadata"]
        annotations = {**(metadata.get("annotations") or {}), LAST_APPLIED: json.dumps(manifest)}
        body = {**manifest, "metadata": {**metadata, "annotations": annotations}}
        return api.request("POST", f"{api.path(manifest, named=False)}?fieldManager={manager}", body)

    return apply


def client_side_twice(manager: str) -> Callable[[Api, Json], Json]:
    """`kubectl apply` of an older version, then of the manifest: fields that it dropped are patched away."""
    create = client_side(manager)

    def apply(api: Api, manifest: Json) -> Json:
        random = Random(0)
        for _ in range(8):
            older = edited(manifest, random)
            try:
                create(api, older)
                return _patched(api, older, manifest, manager)
            except ApiError:
                if api.find(api.path(manifest)):
                    api.delete(api.path(manifest))
        return create(api, manifest)

    return apply


def _patched(api: Api, older: Json, manifest: Json, manager: str) -> Json:
    patch = merge_patch(older, manifest)
    patch.setdefault("metadata", {}).setdefault("annotations", {})[LAST_APPLIED] = json.dumps(manifest)
    path = f"{api.path(manifest)}?fieldManager={manager}"
    return api.patch(path, patch)


def merge_patch(older: Any, newer: Any) -> Any:
    """The JSON merge patch that sets all of `newer` and removes what only `older` has."""
    if not (isinstance(older, dict) and isinstance(newer, dict)):
        return newer
    kept = {name: merge_patch(older.get(name), value) for name, value in newer.items()}
    return {**kept, **{name: None for name in older if name not in newer}}


def server_side(manager: str) -> Callable[[Api, Json], Json]:
    """`kubectl apply --server-side --force-conflicts --field-manager=manager`."""
    return lambda api, manifest: api.apply(manifest, manager=manager)


WAYS: Mapping[str, Callable[[Api, Json], Json]] = {
    "kubectl, client-side": client_side("kubectl-client-side-apply"),
    "kubectl, client-side, twice": client_side_twice("kubectl-client-side-apply"),
    "kubectl, server-side": server_side("kubectl"),
    "Argo CD, client-side": client_side(OURS),
    "Argo CD, server-side": server_side(OURS),
}


def edited_live(api: Api, body: Json) -> Json:
    """Writes the whole object back as `kubectl edit` does. Raises ApiError where the server refuses the edit."""
    return api.request("PUT", f"{api.path(body)}?fieldManager=kubectl-edit", body)


def after_our_apply(api: Api, desired: Json, live: Json) -> tuple[Json, Json]:
    """The live object with ownership migrated (really), and what the server predicts for our apply (a dry run)."""
    moved = migration(LiveObject(live), OURS)
    if moved is not None:
        patch = [{"op": "replace", "path": "/metadata/managedFields", "value": moved}]
        live = api.patch(api.path(live), patch, "application/json-patch+json")
    query = urlencode({"fieldManager": OURS, "force": "true", "dryRun": "All"})
    return live, api.request("PATCH", f"{api.path(desired)}?{query}", desired, Content_Type=APPLY)
