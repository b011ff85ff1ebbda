"""Writes to our own objects on the control cluster: status, finalizers, annotations, events."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import orjson
import structlog

from reconciler.clusters import paths
from reconciler.clusters.cluster import Cluster
from reconciler.clusters.transport import JSON_PATCH, MERGE_PATCH, Body
from reconciler.errors import ObjectConflict, ReconcilerError
from reconciler.models.application import Application
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.models.project import AppProject
from reconciler.models.words import API_VERSION

EventType = Literal["Normal", "Warning"]
COMPONENT = "reconciler"
EVENT_MESSAGE_LIMIT = 1024
OWN_PLURALS: Mapping[type[Application | AppProject], str] = {Application: "applications", AppProject: "appprojects"}

log = structlog.get_logger(__name__)


class Recorder:
    """Writes as one field manager. Raises ObjectConflict for an object that moved, ObjectGone for one that vanished.

    Every method but `event` raises what `Transport` raises.
    """

    def __init__(self, control: Cluster, now: Callable[[], datetime], *, manager: str = COMPONENT) -> None:
        self._control = control
        self._now = now
        self._manager = manager

    def patch_application(self, key: AppKey, patch: Sequence[JsonObject]) -> LiveObject:
        """Applies a JSON patch, whose `test` operations guard it, and returns the whole object as it is afterwards."""
        return self._patch(_path("applications", key), Body(_as_stored(patch), JSON_PATCH))

    def replace_finalizers(self, app: Application, remaining: Sequence[str]) -> LiveObject:
        """Sets the finalizers, if they are still those that `app` was read with."""
        finalizers = "/metadata/finalizers"
        before = list(app.metadata.finalizers)
        guards = [_test("/metadata/uid", app.uid), *([_test(finalizers, before)] if before else [])]
        return self.patch_application(app.key, [*guards, {"op": "add", "path": finalizers, "value": list(remaining)}])

    def annotate(self, target: Application | AppProject, changes: Mapping[str, str | None]) -> LiveObject:
        """Sets annotations, and removes those whose value is None, if the object has not moved since it was read."""
        metadata = target.metadata
        body = {"uid": metadata.uid, "resourceVersion": metadata.resource_version, "annotations": dict(changes)}
        path = _path(OWN_PLURALS[type(target)], target.key)
        return self._patch(path, Body(orjson.dumps({"metadata": body}), MERGE_PATCH))

    def remove_annotation(self, app: Application, name: str) -> bool:
        """Removes one annotation if it still has the value that was read; False when somebody changed or removed it."""
        pointer = "/metadata/annotations/" + name.replace("~", "~0").replace("/", "~1")
        guards = [_test("/metadata/uid", app.uid), _test(pointer, app.metadata.annotations.get(name))]
        try:
            self.patch_application(app.key, [*guards, {"op": "remove", "path": pointer}])
        except ObjectConflict:
            return False
        return True

    def event(self, app: Application, reason: str, message: str, kind: EventType = "Normal") -> None:
        """An event about an Application. Failing to tell never fails what it tells of: then it is only logged."""
        try:
            self._control.transport.request(
                "POST",
                f"/api/v1/namespaces/{app.metadata.namespace}/events",
                body=Body(orjson.dumps(self._event(app, reason, message, kind))),
            )
        except ReconcilerError as error:
            log.warning("event not recorded", application=str(app.key), reason=reason, error=str(error))

    def _event(self, app: Application, reason: str, message: str, kind: EventType) -> JsonObject:
        metadata, now = app.metadata, self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": metadata.namespace, "name": f"{metadata.name}.{secrets.token_hex(8)}"},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": "Application",
                "namespace": metadata.namespace,
                "name": metadata.name,
                "uid": metadata.uid,
                "resourceVersion": metadata.resource_version,
            },
            "reason": reason,
            "message": message[:EVENT_MESSAGE_LIMIT],
            "type": kind,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": COMPONENT},
        }

    def _patch(self, path: str, body: Body) -> LiveObject:
        answer = self._control.transport.request("PATCH", path, query={"fieldManager": self._manager}, body=body)
        return LiveObject(answer.json())


def _as_stored(patch: Sequence[JsonObject]) -> bytes:
    """JSON spelled as the API server spells it: a `test` compares strings as they are written, escapes and all."""
    text = orjson.dumps(patch)
    for char in "&<>\u2028\u2029":
        text = text.replace(char.encode(), b"\\u%04x" % ord(char))
    return text


def _path(plural: str, key: AppKey) -> str:
    return paths.item(f"/apis/{API_VERSION}/namespaces/{key.namespace}/{plural}", key.name)


def _test(pointer: str, value: object) -> JsonObject:
    return {"op": "test", "path": pointer, "value": value}
