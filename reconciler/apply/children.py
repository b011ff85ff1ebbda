"""Writes of an ApplicationSet's pass: its Applications, and its own status. All on the control cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from reconciler.apply.writer import Writer
from reconciler.clusters import paths
from reconciler.clusters.cluster import Cluster
from reconciler.clusters.transport import JSON_PATCH, MERGE_PATCH, Body
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.words import API_VERSION

MANAGER: Final = "argocd-applicationset-controller"
"""Argo CD's name for it, so that what its controller owns and what we own is one and the same."""


@dataclass(frozen=True, slots=True)
class ChildWriter:
    """Raises what Writer raises. `still_mine` is asked before every write; it raises LeaseLost."""

    control: Cluster
    still_mine: Callable[[], None]
    agent: str

    def write(self, body: JsonObject, live: LiveObject | None) -> LiveObject:
        """Creates an Application, or makes the fields that the template names as it says; all others stay."""
        if live is not None and (fields := taken_over(live)) is not None:
            live = self._writer.migrate(live, fields)
        return self._writer.apply(Manifest(body), live=live)

    def delete(self, live: LiveObject) -> bool:
        """Deletes an Application as it was read; whether its objects go with it, its finalizer says."""
        return self._writer.delete(live, "Background")

    def ask(self, live: LiveObject, operation: JsonObject) -> None:
        """Asks for a sync of an Application, unless one is asked for already."""
        self._patch(f"applications/{live.key.name}", live.key.namespace, [
            {"op": "test", "path": "/metadata/uid", "value": live.uid},
            {"op": "test", "path": "/operation", "value": None},
            {"op": "add", "path": "/operation", "value": operation},
        ])  # fmt: skip

    def set_free(self, live: LiveObject) -> None:
        """Takes the owner off an Application, so that it outlives its set."""
        self._patch(f"applications/{live.key.name}", live.key.namespace, [
            {"op": "test", "path": "/metadata/uid", "value": live.uid},
            {"op": "remove", "path": "/metadata/ownerReferences"},
        ])  # fmt: skip

    def patch_set(self, key: AppKey, patch: list[JsonObject]) -> None:
        """A JSON patch of the set itself, but for its status."""
        self._patch(f"applicationsets/{key.name}", key.namespace, patch)

    def record(self, appset: ApplicationSet, status: JsonObject) -> None:
        """The set's status, if nobody has changed the set since it was read."""
        gone = {name: None for name in (appset.raw.get("status") or {}) if name not in status}
        body: dict[str, Any] = {
            "metadata": {"resourceVersion": appset.metadata.resource_version},
            "status": {**status, **gone},
        }
        path = f"{_place(appset.metadata.namespace)}/applicationsets/{appset.metadata.name}/status"
        self._send(path, Body(orjson.dumps(body), MERGE_PATCH))

    @property
    def _writer(self) -> Writer:
        return Writer(self.control, MANAGER, self.still_mine, self.agent)

    def _patch(self, path: str, namespace: str, patch: list[JsonObject]) -> None:
        self._send(f"{_place(namespace)}/{path}", Body(orjson.dumps(patch), JSON_PATCH))

    def _send(self, path: str, body: Body) -> None:
        self.still_mine()
        query = {"fieldManager": MANAGER}
        self.control.transport.request("PATCH", path, query=query, body=body, headers={"User-Agent": self.agent})


def taken_over(live: LiveObject) -> list[JsonObject] | None:
    """managedFields with what Argo CD's controller wrote by updates as ours; None where there is nothing of the kind.

    Else a field that the template no longer names would stay, since that entry owns it too.
    """
    entries: list[JsonObject] = live.metadata.get("managedFields") or []
    if not any(_is_update(entry) for entry in entries) or any(_is_apply(entry) for entry in entries):
        return None
    return [{**entry, "operation": "Apply"} if _is_update(entry) else entry for entry in entries]


def _is_update(entry: JsonObject) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Update" and not entry.get("subresource")


def _is_apply(entry: JsonObject) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Apply"


def _place(namespace: str) -> str:
    return paths.item(f"/apis/{API_VERSION}/namespaces", namespace)
