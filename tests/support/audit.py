"""Reads an API server's audit log: what truly happened, whatever our own status says. `judge.py` judges by it."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from reconciler.sandbox.api import Api
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.waiting import wait_for

MUTATING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One request as the API server saw it, at one stage of its life."""

    id: str
    stage: str
    verb: str
    user: str
    agent: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    uri: str
    code: int
    received: datetime
    time: datetime
    request: Body | None
    response: Body | None
    impersonated: str = ""
    """In whose name it was asked, where that is another's."""

    @property
    def mutating(self) -> bool:
        """Whether the request could change something; dry runs cannot."""
        return self.verb in MUTATING and "dryRun=All" not in self.uri

    @property
    def succeeded(self) -> bool:
        return self.stage == "ResponseComplete" and 200 <= self.code < 300

    @property
    def target(self) -> tuple[str, str, str, str]:
        """Group, resource, namespace and name of what was asked for."""
        return (self.group, self.resource, self.namespace, self.name)

    def field(self, *path: str) -> Any:
        """A value inside the sent object, or None."""
        value: Any = self.request
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def parse_event(line: bytes) -> AuditEvent:
    """One line of the log. Raises ValueError on a line that was cut."""
    raw = orjson.loads(line)
    ref = raw.get("objectRef", {})
    return AuditEvent(
        id=raw["auditID"],
        stage=raw["stage"],
        verb=raw["verb"],
        user=raw["user"].get("username", ""),
        agent=raw.get("userAgent", ""),
        group=ref.get("apiGroup", ""),
        resource=ref.get("resource", ""),
        subresource=ref.get("subresource", ""),
        namespace=ref.get("namespace", ""),
        name=ref.get("name", ""),
        uri=raw["requestURI"],
        code=raw.get("responseStatus", {}).get("code", 0),
        received=datetime.fromisoformat(raw["requestReceivedTimestamp"]),
        time=datetime.fromisoformat(raw["stageTimestamp"]),
        request=raw.get("requestObject"),
        response=raw.get("responseObject"),
        impersonated=(raw.get("impersonatedUser") or {}).get("username", ""),
    )


class AuditLog:
    """A view on an audit log from one position in it on: by default from now."""

    def __init__(self, path: Path, *, api: Api, offset: int | None = None) -> None:
        self._path = path
        self._api = api
        self._offset = (path.stat().st_size if path.exists() else 0) if offset is None else offset

    @classmethod
    def of(cls, plane: ControlPlane, *, from_start: bool = False) -> "AuditLog":
        """The log of a control plane, from now or from its start on."""
        log = cls(plane.audit_log, api=plane.api, offset=0)
        return log if from_start else log.from_now()

    def from_now(self) -> "AuditLog":
        """A view on what comes after every request that has been answered so far."""
        self._settle()
        return AuditLog(self._path, api=self._api)

    def events(self) -> list[AuditEvent]:
        """Every event of requests answered before this call, oldest first; of each request its last stage."""
        self._settle()
        last = {event.id: event for event in self._read()}
        return sorted(last.values(), key=lambda event: event.received)

    def writes(self, *, user: str | None = None) -> list[AuditEvent]:
        """Requests that could change something and succeeded, of one user on request."""
        return [e for e in self.events() if e.mutating and e.succeeded and user in (None, e.user)]

    def select(self, wanted: Callable[[AuditEvent], bool]) -> list[AuditEvent]:
        return [event for event in self.events() if wanted(event)]

    def _settle(self) -> None:
        # Events are written in the order of answers, so a question of our own whose event is there closes the list.
        marker = f"/version?audit-marker={secrets.token_hex(8)}"
        self._api.get(marker)
        wait_for(lambda: marker.encode() in self._bytes(), f"{marker} in {self._path}", timeout_s=10, every_s=0.01)

    def _bytes(self) -> bytes:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            return file.read()

    def _read(self) -> Iterator[AuditEvent]:
        for line in self._bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and b"audit-marker=" not in line:
                yield parse_event(line)
