"""The ways in which fleets were applied before us, emulated call by call against a real API server."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from reconciler.models.manifest import LiveObject
from reconciler.plan.migration import migration
from reconciler.sandbox.api import APPLY, Api, Json

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


def server_side(manager: str) -> Callable[[Api, Json], Json]:
    """`kubectl apply --server-side --force-conflicts --field-manager=manager`."""
    return lambda api, manifest: api.apply(manifest, manager=manager)


WAYS: Mapping[str, Callable[[Api, Json], Json]] = {
    "kubectl, client-side": client_side("kubectl-client-side-apply"),
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
