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
from reconciler.clusters.transport import JSON_PATCH, Body
from reconciler.errors import ReconcilerError
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
