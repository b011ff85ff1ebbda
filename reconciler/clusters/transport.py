"""Calls to one API server: bytes out, bytes in, errors translated, within limits of time, number and failure."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson

from reconciler.clusters.breaker import Breaker
from reconciler.clusters.connections import Connection, Connections, Timeouts
from reconciler.clusters.endpoint import Endpoint
from reconciler.clusters.statuses import error_of, read_status, retry_after_s
from reconciler.errors import ClusterUnavailable

JSON = "application/json"
AGENT = f"reconciler ({socket.gethostname()}:{os.getpid()})"
"""Who calls, in the servers' audit logs; writes of a pass carry the pass instead."""

APPLY_PATCH = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
CHUNK_BYTES = 256 * 1024
BODY_LIMIT_BYTES = 256 * 1024**2
NOT_MODIFIED = 304
STARTING = b"storage is (re)initializing"
"""In a 429 about one kind whose definition is new: no reason to leave the whole server alone."""

HOLD_WITHOUT_WORD_S = 1.0
"""After a 429 that names no time."""

Tally = Callable[[str, int, float], None]
"""Called once a call with the verb, the HTTP status (0: no answer) and the seconds it took."""


class Body(NamedTuple):
    """What is sent, and as what."""

    content: bytes
    content_type: str = JSON


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with status 2xx, or 304 where the caller sent an ETag. Redirects are not followed: they are errors."""

    status: int
    body: bytes
    etag: str | None = None

    def json(self) -> dict[str, Any]:
        """The body decoded. Raises ClusterUnavailable when it is no JSON object: a proxy answered, not the server."""
        try:
            decoded = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            decoded = None
        if not isinstance(decoded, dict):
            raise ClusterUnavailable("the answer is not a JSON object")
        return decoded


class Transport:
    """One process' way to one API server. Thread-safe; at most `connections` calls at a time.

    Every call ends within `timeouts`. Raises ClusterUnavailable (no answer, 401, 429, 5xx, breaker open),
    ObjectConflict (409), ObjectGone (404 for a named object), ObjectRejected (other 4xx).
    """

    def __init__(
        self,
        endpoint: Endpoint,
        timeouts: Timeouts,
        *,
        connections: int = 8,
        tally: Tally = lambda _verb, _status, _seconds: None,
    ) -> None:
        self.endpoint = endpoint
        self.timeouts = timeouts
        self.breaker = Breaker(endpoint.url, probe_limit_s=timeouts.connect_s * 2 + timeouts.request_s)
        self._pool = Connections(endpoint, timeouts)
        self._slots = threading.BoundedSemaphore(connections)
        self._tally = tally

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        return self.request("GET", path, query=query)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One call. `path` begins with a slash and is quoted already; `headers` replace the usual ones."""
        self.breaker.check()
        target = f"{self.endpoint.prefix}{path}?{urlencode(query)}" if query else self.endpoint.prefix + path
        sent = {"Accept": JSON, "User-Agent": AGENT, **self.endpoint.headers(), **(headers or {})}
        if body:
            sent["Content-Type"] = body.content_type
        return self._judged(method, path, self._sent(_Call(method, target, body.content if body else None, sent)))

    def close_idle(self) -> None:
        """Closes idle connections; the next call opens a new one."""
        self._pool.close_older_than(0.0)

    def close(self) -> None:
        """For good: nothing is kept open any more, also not by calls that are still under way."""
        self._pool.retire()

    def _sent(self, call: _Call) -> _Answer:
        if not self._slots.acquire(timeout=self.timeouts.request_s):
            raise ClusterUnavailable(f"{self.endpoint.url}: too many calls in flight")
        started = time.perf_counter()
        status = 0
        try:
            answer = self._exchange(call)
            status = answer.status
        except (OSError, http.client.HTTPException) as error:
            # Other idle connections most likely lead to the same dead end; a new one fails within `connect_s`.
            self._pool.close_older_than(0.0)
            reason = _reason(error)
            self.breaker.failed(reason)
            raise ClusterUnavailable(f"{self.endpoint.url}: {reason}") from error
        else:
            return answer
        finally:
            self._slots.release()
            self._tally(call.method, status, time.perf_counter() - started)

    def _exchange(self, call: _Call) -> _Answer:
        connection = self._pool.take()
        try:
            return self._over(connection, call)
        except (ConnectionError, http.client.BadStatusLine):
            # The server closed an idle connection just as we used it. A write may have arrived: only reads go again.
            if not connection.used or call.method != "GET":
                raise
            return self._over(self._pool.take(), call)

    def _over(self, connection: Connection, call: _Call) -> _Answer:
        finished = False
        try:
            connection.request(call.method, call.target, call.content, call.headers)
            response = connection.getresponse()
            answer = _Answer(
                response.status,
                _read(response, time.monotonic() + self.timeouts.request_s),
                response.headers.get("Retry-After"),
                response.headers.get("ETag"),
            )
            response.close()
            finished = not response.will_close
            return answer
        finally:
            if finished:
                self._pool.give_back(connection)
            else:
                connection.close()

    def _judged(self, method: str, path: str, answer: _Answer) -> Response:
        self.breaker.answered()
        if answer.status < 300 or answer.status == NOT_MODIFIED:
            return Response(answer.status, answer.body, answer.etag)
        if answer.status == 429 and STARTING not in answer.body:
            wait_s = retry_after_s(answer.retry_after, read_status(answer.body))
            self.breaker.hold(wait_s if wait_s is not None else HOLD_WITHOUT_WORD_S)
        raise error_of(answer.status, answer.body, subject=f"{method} {path}", retry_after=answer.retry_after)


class _Call(NamedTuple):
    method: str
    target: str
    content: bytes | None
    headers: dict[str, str]


class _Answer(NamedTuple):
    status: int
    body: bytes
    retry_after: str | None
    etag: str | None


def _read(response: http.client.HTTPResponse, deadline_s: float) -> bytes:
    """The whole body. A server that drips bytes is cut off at the deadline, one that never ends at a size."""
    parts: list[bytes] = []
    size = 0
    while part := response.read1(CHUNK_BYTES):
        parts.append(part)
        size += len(part)
        if size > BODY_LIMIT_BYTES or time.monotonic() > deadline_s:
            raise TimeoutError("answer too long or too slow")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _reason(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"certificate verify failed: {error.verify_message}"
        case TimeoutError():
            return "timed out"
        case ConnectionRefusedError():
            return "connection refused"
        case OSError() if error.strerror:
            return error.strerror
        case _:
            return f"connection failed ({type(error).__name__})"
