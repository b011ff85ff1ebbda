"""Single writes to one cluster, each tied to what was read and to the lease of the pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from reconciler.clusters import paths
from reconciler.clusters.cluster import Cluster
from reconciler.clusters.transport import AGENT, APPLY_PATCH, JSON_PATCH, MERGE_PATCH, Body, Response
from reconciler.errors import ObjectConflict, ObjectGone, ObjectRejected
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest


class Writer:
    """Writes as one field manager, for one pass. Calls `still_mine` before every write; it raises LeaseLost.

    Raises ObjectConflict (the object moved since it was read), ObjectRejected (the server refused it),
    ClusterUnavailable (no answer, and then the write may have happened). `agent` names the pass in audit logs. With
    `user` everything is written in that user's name, which our own has to be allowed to take.
    """

    def __init__(
        self, cluster: Cluster, manager: str, still_mine: Callable[[], None], agent: str = AGENT, *, user: str = ""
    ) -> None:
        self.cluster = cluster
        self.manager = manager
        self._still_mine = still_mine
        self._headers = {"User-Agent": agent, **({"Impersonate-User": user} if user else {})}

    def apply(
        self, manifest: Manifest, *, live: LiveObject | None, dry_run: bool = False, strict: bool = True
    ) -> LiveObject:
        """Server-side apply, with force: what Git names belongs to us. The answer is the object as it is afterwards.

        With `live`, only that very object in that very version is changed. With `dry_run` nothing is stored. Fields
        that the kind does not have are refused, or without `strict` dropped.
        """
        body = manifest.body if live is None else _tied(manifest.body, live)
        query = self._query(strict) | {"force": "true"}
        path = self._path(manifest.key, manifest.version)
        return self._patch(path, query | _dry(dry_run), Body(orjson.dumps(body), APPLY_PATCH))

    def create(self, manifest: Manifest, *, strict: bool = True) -> LiveObject:
        """A new object, as it is. Raises ObjectConflict where there is one of that name, be it on its way out."""
        path = self._collection(manifest.key, manifest.version)
        try:
            answer = self._send("POST", path, Body(orjson.dumps(manifest.body)), self._query(strict))
        except ObjectGone as error:
            raise ObjectRejected(str(error), status=404) from error
        return LiveObject(answer.json())

    def replace(self, manifest: Manifest, *, live: LiveObject, strict: bool = True) -> LiveObject:
        """Puts an object in place of that very one in that very version. Raises ObjectConflict where it moved."""
        path = self._path(manifest.key, manifest.version)
        try:
            answer = self._send("PUT", path, Body(orjson.dumps(_tied(manifest.body, live))), self._query(strict))
        except ObjectGone as error:
            raise ObjectConflict(f"{manifest.key} is gone") from error
        return LiveObject(answer.json())

    def let_go(self, live: LiveObject, finalizer: str) -> LiveObject | None:
        """Takes a finalizer off that very object; None when it was gone already."""
        left = [name for name in live.metadata.get("finalizers") or () if name != finalizer]
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": live.uid},
            {"op": "test", "path": "/metadata/finalizers", "value": live.metadata.get("finalizers")},
            {"op": "replace", "path": "/metadata/finalizers", "value": left},
        ]
        path = self._path(live.key, live.version)
        try:
            answer = self._send("PATCH", path, Body(orjson.dumps(patch), JSON_PATCH), {"fieldManager": self.manager})
        except ObjectGone:
            return None
        return LiveObject(answer.json())

    def migrate(self, live: LiveObject, managed_fields: list[JsonObject]) -> LiveObject:
        """Replaces managedFields: what client-side apply owned becomes ours. Nothing else of the object changes."""
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": live.uid},
            {"op": "replace", "path": "/metadata/managedFields", "value": managed_fields},
            # Setting the version that was read makes the server refuse the patch when the object has moved.
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live.resource_version},
        ]
        path = self._path(live.key, live.version)
        return self._patch(path, {"fieldManager": self.manager}, Body(orjson.dumps(patch), JSON_PATCH))

    def merge(self, live: LiveObject, patch: JsonObject) -> LiveObject:
        """A JSON merge patch of that very object in that very version; its status by the way that is its own."""
        path = self._path(live.key, live.version)
        rest = {name: value for name, value in patch.items() if name != "status"}
        after = live
        if rest:
            after = self._patch(
                path, {"fieldManager": self.manager}, Body(orjson.dumps(_tied(rest, live)), MERGE_PATCH)
            )
        if "status" in patch:
            body = Body(orjson.dumps(_tied({"status": patch["status"]}, after)), MERGE_PATCH)
            after = self._patch(f"{path}/status", {"fieldManager": self.manager}, body)
        return after

    def delete(self, live: LiveObject, propagation: str) -> bool:
        """Deletes that very object in that very version; False when it was gone already."""
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation,
            "preconditions": {"uid": live.uid, "resourceVersion": live.resource_version},
        }
        path = self._path(live.key, live.version)
        try:
            self._send("DELETE", path, Body(orjson.dumps(options)))
        except ObjectGone:
            return False
        return True

    def _patch(self, path: str, query: Mapping[str, str], body: Body) -> LiveObject:
        try:
            return LiveObject(self._send("PATCH", path, body, query).json())
        except ObjectGone as error:
            # An apply creates what is absent, so this speaks of the namespace: for the caller a refusal like others.
            raise ObjectRejected(str(error), status=404) from error

    def _send(self, method: str, path: str, body: Body, query: Mapping[str, str] | None = None) -> Response:
        self._still_mine()
        return self.cluster.transport.request(method, path, query=query, body=body, headers=self._headers)

    def _query(self, strict: bool) -> dict[str, str]:
        return {"fieldManager": self.manager, "fieldValidation": "Strict" if strict else "Ignore"}

    def _path(self, key: ObjectKey, version: str) -> str:
        return paths.item(self._collection(key, version), key.name)

    def _collection(self, key: ObjectKey, version: str) -> str:
        served = self.cluster.served(key.group_kind)
        if served is None or (version and version not in served.versions):
            what = f"{key.group_kind} in version {version}"
            raise ObjectRejected(f"the cluster does not serve {what} (needed by {key.name})", status=404)
        self.cluster.require_managed(served, key.namespace)
        return paths.collection(key.group_kind, served, version=version, namespace=key.namespace)


def _tied(body: JsonObject, live: LiveObject) -> JsonObject:
    tie = {"uid": live.uid, "resourceVersion": live.resource_version}
    return {**body, "metadata": {**body.get("metadata", {}), **tie}}


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}
