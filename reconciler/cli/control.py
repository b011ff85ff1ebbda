"""The control cluster as the caller's kubeconfig reaches it: our objects, read now, written with preconditions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from reconciler.apply import Recorder
from reconciler.cli.problems import Problem
from reconciler.cli.where import Where, settings_for
from reconciler.clusters import Catalog, Link, Timeouts, control_cluster, paths
from reconciler.clusters.transport import Body, Response
from reconciler.errors import ClusterUnavailable, ObjectConflict, ObjectGone
from reconciler.models.application import Application
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.models.words import API_VERSION
from reconciler.settings import Settings

MANAGER: Final = "reconciler-cli"


class Control:
    """Reads and writes Applications and Secrets. Every method raises what `Transport` raises."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        timeouts = Timeouts(connect_s=settings.connect_timeout_s, request_s=settings.request_timeout_s)
        self.link = Link(timeouts)
        self.cluster = control_cluster(settings, self.link)
        self.catalog = Catalog(self.cluster, settings.namespace)
        self._recorder = Recorder(self.cluster, now, manager=MANAGER)

    def key(self, name: str) -> AppKey:
        """Reads `NAME` or `NAMESPACE/NAME`."""
        try:
            return AppKey.parse(name) if "/" in name else AppKey(self.settings.namespace, name)
        except ValueError:
            raise Problem(f"{name!r} is no application", mend="write NAME or NAMESPACE/NAME") from None

    def application(self, name: str) -> Application:
        """One Application, read now."""
        key = self.key(name)
        try:
            return self.catalog.application(key)
        except ObjectGone:
            raise Problem(f"application {key} does not exist", mend="reconciler app list shows those that do") from None

    def patch(self, app: Application, operations: Sequence[JsonObject]) -> Application:
        """Applies a JSON patch if `app` is still the same object; whatever else it tests, it fails as a whole."""
        guarded = [{"op": "test", "path": "/metadata/uid", "value": app.uid}, *operations]
        try:
            return Application.parse(self._recorder.patch_application(app.key, guarded).body)
        except ObjectConflict:
            mend = f"look at it with reconciler app get {app.key.name} and try again"
            raise Problem(f"application {app.key} was changed by somebody else at the same moment", mend=mend) from None

    def create(self, plural: str, body: JsonObject) -> JsonObject:
        """Creates an object in the control namespace; ObjectConflict when there is one of that name."""
        return self._send("POST", self._collection(plural, body), Body(orjson.dumps(body))).json()

    def replace(self, plural: str, body: JsonObject) -> JsonObject:
        """Replaces an object, if it still has the resourceVersion that `body` names."""
        path = paths.item(self._collection(plural, body), str(body["metadata"]["name"]))
        return self._send("PUT", path, Body(orjson.dumps(body))).json()

    def find(self, plural: str, name: str) -> JsonObject | None:
        """One object of the control namespace, or None."""
        path = paths.item(self._collection(plural, {}), name)
        try:
            return self.cluster.transport.get(path).json()
        except ObjectGone:
            return None

    def delete(self, app: Application) -> None:
        """Deletes this very Application; its finalizers decide what becomes of its objects."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": app.uid}}
        path = paths.item(self._collection("applications", app.raw), app.key.name)
        self.cluster.transport.request("DELETE", path, body=Body(orjson.dumps(body)))

    def events(self, app: Application) -> Sequence[JsonObject]:
        """Events about this very Application, oldest first."""
        selector = f"involvedObject.uid={app.uid}"
        path = f"/api/v1/namespaces/{app.key.namespace}/events"
        items: list[JsonObject] = self.cluster.transport.get(path, {"fieldSelector": selector}).json()["items"]
        return sorted(items, key=happened_at)

    def _send(self, method: str, path: str, body: Body) -> Response:
        return self.cluster.transport.request(method, path, query={"fieldManager": MANAGER}, body=body)

    def _collection(self, plural: str, body: Mapping[str, JsonObject]) -> str:
        root = "/api/v1" if plural == "secrets" else f"/apis/{API_VERSION}"
        namespace = (body.get("metadata") or {}).get("namespace") or self.settings.namespace
        return f"{root}/namespaces/{namespace}/{plural}"


@contextmanager
def connect(where: Where) -> Iterator[Control]:
    """The control cluster that flags, environment and folder name. Raises Problem, ConfigurationError."""
    control = Control(settings_for(where, os.environ, Path.cwd()))
    try:
        yield control
    except ClusterUnavailable as error:
        mend = "look at the kubeconfig, its context and the network"
        raise Problem(f"the control cluster cannot be reached: {error}", mend=mend) from error
    finally:
        control.cluster.transport.close()


def now() -> datetime:
    return datetime.now(UTC)


def happened_at(event: JsonObject) -> str:
    """When an event happened last, as RFC 3339 text."""
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")
