"""Who asked the API server for what, from its audit log."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from reconciler.sandbox.api import Api
from reconciler.sandbox.waiting import wait_for

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
LISTENING = frozenset({"watch"})
OURS = ("system:serviceaccount:argocd:reconciler-", "system:serviceaccount:clusters:")
"""Beginnings of the user names as which our processes come."""


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _Reference(msgspec.Struct, frozen=True, rename="camel"):
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    api_group: str = ""


class _Status(msgspec.Struct, frozen=True):
    code: int = 0


class Call(msgspec.Struct, frozen=True, rename="camel"):
    """One answered request."""

    verb: str
    user: _User
    request_received_timestamp: datetime
    request_u_r_i: str = msgspec.field(name="requestURI")
    object_ref: _Reference = _Reference()
    response_status: _Status = _Status()

    @property
    def is_ours(self) -> bool:
        return self.user.username.startswith(OURS)

    @property
    def is_write(self) -> bool:
        """Whether it could change something; dry runs cannot."""
        return self.verb in WRITES and "dryRun=All" not in self.request_u_r_i

    @property
    def is_about_objects(self) -> bool:
        """Anything but discovery and the renewal of a watch."""
        return bool(self.object_ref.resource) and self.verb not in LISTENING

    @property
    def what(self) -> str:
        """Verb and resource, as a person counts them."""
        return f"{self.verb} {self.object_ref.resource or self.request_u_r_i.partition('?')[0]}"


_decode = msgspec.json.Decoder(Call).decode


def by_kind(calls: Iterable[Call]) -> Mapping[str, int]:
    """How many of each verb and resource, the commonest first, named for a report."""
    return {f"calls {what}": count for what, count in Counter(call.what for call in calls).most_common(12)}


class CallLog:
    """The audit log from one position on."""

    def __init__(self, path: Path, api: Api) -> None:
        self._path, self._api = path, api
        self._start = 0

    def from_now(self) -> CallLog:
        """A view on what comes after everything that has been answered so far."""
        later = CallLog(self._path, self._api)
        later._start = self._settled()
        return later

    def ours(self, wanted: Callable[[Call], bool] = lambda _: True) -> Sequence[Call]:
        """Answered requests of our processes, oldest first."""
        self._settled()
        return [call for call in self._read() if call.is_ours and wanted(call)]

    def _settled(self) -> int:
        """Waits until a request of our own stands in the log, which is written in the order of answers; its size."""
        marker = f"/version?audit-marker={secrets.token_hex(8)}".encode()
        before = self._path.stat().st_size
        self._api.get(marker.decode())

        def there() -> bool:
            with self._path.open("rb") as file:
                file.seek(before)
                return marker in file.read()

        wait_for(there, "the audit log to catch up", timeout_s=20, every_s=0.05)
        return self._path.stat().st_size

    def _read(self) -> Iterator[Call]:
        with self._path.open("rb") as file:
            file.seek(self._start)
            for line in file:
                if line.endswith(b"\n"):
                    yield _decode(line)
