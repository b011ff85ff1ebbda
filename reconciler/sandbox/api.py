"""A small client for the API servers of the sandbox: what is needed to fill them, wait for them and look into them.

Independent of `reconciler.clusters` on purpose: tests judge that package's work with this client.
"""

import json
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3

from reconciler.sandbox.kubeconfig import Access

Json = dict[str, Any]
APPLY = "application/apply-patch+yaml"


class ApiError(Exception):
    """The server answered with a status code >= 400, in `code`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def _message(body: bytes) -> str:
    """The sentence in a Status object, or the body itself."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")


class Api:
    """One user's connection to one API server. Every call raises ApiError or urllib3's HTTPError."""

    def __init__(self, access: Access, *, timeout_s: float = 30) -> None:
        self.access = access
        context = ssl.create_default_context(cadata=access.ca_pem)
        self._pool = urllib3.PoolManager(
            ssl_context=context,
            server_hostname=access.server_name,
            timeout=timeout_s,
            retries=False,
            maxsize=8,
            headers={"Authorization": f"Bearer {access.token}"},
        )
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Json:
        """The decoded answer; header names are given with _ for -, as in `Content_Type=...`."""
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        answer = self._pool.request(
            method,
            self.access.url + path,
            body=None if body is None else json.dumps(body),
            headers={**self._pool.headers, **sent},
        )
        if answer.status >= 400:
            raise ApiError(answer.status, _message(answer.data))
        content: Json = json.loads(answer.data) if answer.data[:1] == b"{" else {"text": answer.data.decode()}
        return content

    def get(self, path: str) -> Json:
        return self.request("GET", path)

    def find(self, path: str) -> Json | None:
        """The object at `path`, or None when there is none."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def delete(self, path: str) -> Json:
        return self.request("DELETE", path)

    def patch(self, path: str, body: object, content_type: str = "application/merge-patch+json") -> Json:
        return self.request("PATCH", path, body, Content_Type=content_type)

    def create(self, manifest: Json) -> Json:
        return self.request("POST", self.path(manifest, named=False), manifest)

    def apply(self, manifest: Json, *, manager: str = "sandbox") -> Json:
        """Server-side apply, with force."""
        query = urlencode({"fieldManager": manager, "force": "true"})
        return self.request("PATCH", f"{self.path(manifest)}?{query}", manifest, Content_Type=APPLY)

    def apply_all(self, manifests: Iterable[Json], *, manager: str = "sandbox") -> None:
        for manifest in manifests:
            self.apply(manifest, manager=manager)

    def path(self, manifest: Mapping[str, Any], *, named: bool = True) -> str:
        """The address of an object, found by discovery; namespaced objects without a namespace lie in `default`."""
        version, kind, metadata = manifest["apiVersion"], manifest["kind"], manifest.get("metadata", {})
        resource, namespaced = self._resource(version, kind)
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        inner = f"/namespaces/{metadata.get('namespace', 'default')}" if namespaced else ""
        return f"{root}{inner}/{resource}" + (f"/{metadata['name']}" if named else "")

    def ready(self) -> bool:
        """Whether the server serves; False also while nobody listens."""
        try:
            return self.request("GET", "/readyz").get("text") == "ok"
        except (ApiError, urllib3.exceptions.HTTPError):
            return False

    def _resource(self, version: str, kind: str) -> tuple[str, bool]:
        if (version, kind) not in self._resources:
            listing = self.get(f"/apis/{version}" if "/" in version else f"/api/{version}")
            for entry in listing["resources"]:
                if "/" not in entry["name"]:
                    self._resources[version, entry["kind"]] = (entry["name"], entry["namespaced"])
        if (version, kind) not in self._resources:
            raise ApiError(404, f"the server has no {kind} in {version}")
        return self._resources[version, kind]
