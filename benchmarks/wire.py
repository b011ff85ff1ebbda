"""The barest way to an API server: prebuilt bytes out, and watch events with the moment at which they came in."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlencode

import msgspec
import urllib3

from reconciler.sandbox.api import APPLY
from reconciler.sandbox.kubeconfig import Access

APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications"
CONFIG_MAPS = "/api/v1/configmaps"
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
WATCH_LIMIT_S = 3600
APPLY_QUERY = urlencode({"fieldManager": "argocd-controller", "force": "true"})


class Refused(RuntimeError):
    """The API server answered with a status code >= 400."""


class Wire:
    """Kept connections of one user, one for each thread that uses it."""

    def __init__(self, access: Access, *, connections: int = 1) -> None:
        self._token = {"Authorization": f"Bearer {access.token}"}
        self._pool = urllib3.connection_from_url(
            access.url,
            maxsize=connections,
            block=True,
            timeout=30,
            retries=False,
            ssl_context=ssl.create_default_context(cadata=access.ca_pem),
            server_hostname=access.server_name,
        )

    def apply(self, path: str, body: bytes) -> None:
        """Server-side apply, with force."""
        self._send("PATCH", f"{path}?{APPLY_QUERY}", body, APPLY)

    def patch(self, path: str, body: bytes, content_type: str = MERGE_PATCH) -> None:
        self._send("PATCH", path, body, content_type)

    def get(self, path: str) -> bytes:
        return self._send("GET", path, None, "application/json")

    def watch(self, path: str, version: str) -> urllib3.BaseHTTPResponse:
        query = urlencode({"watch": "1", "resourceVersion": version, "timeoutSeconds": WATCH_LIMIT_S})
        answer = self._pool.request(
            "GET", f"{path}?{query}", headers=self._token, preload_content=False, timeout=WATCH_LIMIT_S
        )
        if answer.status >= 400:
            raise Refused(f"watch {path}: {answer.status}")
        return answer

    def close(self) -> None:
        self._pool.close()

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> bytes:
        headers = {**self._token, "Content-Type": content_type}
        answer = self._pool.request(method, path, body=body, headers=headers)
        if answer.status >= 400:
            raise Refused(f"{method} {path}: {answer.status} {answer.data[:300]!r}")
        return answer.data


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""


class _Verdict(msgspec.Struct, frozen=True):
    status: str = ""


class _State(msgspec.Struct, frozen=True):
    phase: str = ""


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    sync: _Verdict = _Verdict()
    health: _Verdict = _Verdict()
    operation_state: _State = _State()


class Seen(msgspec.Struct, frozen=True):
    """What scenarios look at of an Application or a ConfigMap."""

    metadata: _Metadata = _Metadata()
    status: _Status = _Status()
    data: dict[str, str] = {}

    @property
    def is_settled(self) -> bool:
        """Whether an Application is in sync, healthy, and not in the middle of an operation."""
        settled = self.status.sync.status == "Synced" and self.status.health.status == "Healthy"
        return settled and self.status.operation_state.phase in ("", "Succeeded")


class _Event(msgspec.Struct, frozen=True):
    type: str
    object: Seen


class _List(msgspec.Struct, frozen=True):
    metadata: _Metadata
    items: list[Seen]


_decode_event = msgspec.json.Decoder(_Event).decode
_decode_list = msgspec.json.Decoder(_List).decode

Hear = Callable[[str, Seen, float], None]
"""Called on the watcher's thread with the type of an event, its object, and when it came, on the monotonic clock."""


class Watcher:
    """Follows a collection in a thread of its own, from a list on, until closed."""

    def __init__(self, access: Access, path: str, hear: Hear) -> None:
        self._wire = Wire(access, connections=2)
        listing = _decode_list(self._wire.get(path))
        self.items: Mapping[str, Seen] = {item.metadata.name: item for item in listing.items}
        """What there was at the start."""
        self._hear = hear
        self._closing = False
        self._answer = self._wire.watch(path, listing.metadata.resource_version)
        self._thread = threading.Thread(target=self._follow, name=f"watch {path}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._answer.shutdown()
        self._thread.join(timeout=5)
        self._wire.close()

    def _follow(self) -> None:
        try:
            for line in self._lines():
                now = time.monotonic()
                event = _decode_event(line)
                self._hear(event.type, event.object, now)
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
            # A connection closed under a reader fails in many ways; one that breaks by itself must not pass unseen.
            if not self._closing:
                raise

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self._answer.stream():
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
