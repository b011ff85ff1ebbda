"""HTTP towards Git servers: one request, its answer read as it comes, and a total time that nothing can outlast.

A socket time-out bounds one wait only; a server that sends a byte a second never trips it. So a watch closes the
socket when the whole time is up.
"""

from __future__ import annotations

import contextvars
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, InsecureRequestWarning, NewConnectionError, SSLError

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.sources.charts.egress import Egress
from reconciler.sources.credentials import Access

CHUNK_BYTES = 256 * 1024
_USER_AGENT = "git/2.40.0 (reconciler)"
"""Several forges choose the protocol by an agent that starts with `git/`."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of one Git call, seconds: connecting, one wait for data, a look at refs in total, a fetch in total."""

    connect_s: float = 5.0
    read_s: float = 15.0
    refs_s: float = 15.0
    fetch_s: float = 90.0


class Deadline:
    """A point on the monotonic clock, and the connection to cut when it is reached."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._connection: HTTPConnection | None = None

    @property
    def left_s(self) -> float:
        return self._end - time.monotonic()

    @property
    def is_over(self) -> bool:
        return self.left_s <= 0

    def watch(self, connection: HTTPConnection) -> None:
        """Cuts the connection at once if it was made too late for whoever cuts it in time."""
        self._connection = connection
        if self.is_over:
            self.cut()

    def cut(self) -> None:
        """Closes the watched connection's socket, which ends whatever waits on it in another thread."""
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


Guard = Callable[[str, int], Sequence[str]]
"""The addresses of a host that may be connected to, by host name and port. Raises SourceError, SourceUnavailable."""

_deadline: contextvars.ContextVar[Deadline | None] = contextvars.ContextVar("deadline", default=None)
_guard: contextvars.ContextVar[Guard | None] = contextvars.ContextVar("guard", default=None)


class _WatchedMixin:
    _dns_host: str

    def connect(self) -> None:
        deadline = _deadline.get()
        if deadline is not None:
            deadline.watch(self)  # type: ignore[arg-type]  # always mixed into an HTTPConnection
        super().connect()  # type: ignore[misc]
        if deadline is not None:
            deadline.watch(self)  # type: ignore[arg-type]

    def putrequest(self, *args: object, **kwargs: object) -> None:
        deadline = _deadline.get()
        if deadline is not None:
            deadline.watch(self)  # type: ignore[arg-type]
        super().putrequest(*args, **kwargs)  # type: ignore[misc]

    def _new_conn(self) -> socket.socket:
        guard = _guard.get()
        if guard is None or self.proxy is not None:  # type: ignore[attr-defined]
            return super()._new_conn()  # type: ignore[misc,no-any-return]
        # The address that was judged is the one connected to: a second look-up could give another.
        name, refused = self._dns_host, None
        for address in guard(name, self.port):  # type: ignore[attr-defined]
            self._dns_host = address
            try:
                return super()._new_conn()  # type: ignore[misc,no-any-return]
            except NewConnectionError as error:
                refused = error
            finally:
                self._dns_host = name
        raise refused or SourceUnavailable(f"{name} has no address")


class _Http(_WatchedMixin, HTTPConnection):
    pass


class _Https(_WatchedMixin, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


@dataclass(frozen=True, slots=True)
class Question:
    """One request below a repository's URL. `limit_bytes` bounds the answer."""

    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    limit_bytes: int = 64 * 1024 * 1024


class Answer:
    """The body of a 200, read in order. Raises SourceUnavailable when it ends early and SourceError past its limit."""

    def __init__(self, response: urllib3.BaseHTTPResponse, limit_bytes: int) -> None:
        self._response = response
        self._left = limit_bytes
        self._buffer = b""

    @property
    def content_type(self) -> str:
        return self._response.headers.get("Content-Type", "")

    @property
    def is_empty(self) -> bool:
        """Whether it ends before its first byte; waits for that byte."""
        self._buffer = self.some()
        return not self._buffer

    def some(self) -> bytes:
        """What is there, at least one byte; empty at the end."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        data = self._response.read1(CHUNK_BYTES, decode_content=True)
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(
                "the answer exceeds the size limit for repositories; split the repository or raise the limit"
            )
        return data

    def finish(self) -> None:
        """Gives the connection back for the next question, if nothing but the end is left to read."""
        if not self._buffer and not self._response.read1(CHUNK_BYTES):
            self._response.release_conn()

    def exactly(self, count: int) -> bytes:
        parts, missing = [], count
        while missing > 0:
            data = self.some()
            if not data:
                raise SourceUnavailable("the answer ended early")
            parts.append(data[:missing])
            self._buffer = data[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)


@contextmanager
def ask(access: Access, base_url: str, question: Question, deadline: Deadline, timeouts: Timeouts) -> Iterator[Answer]:
    """Sends one question and gives the answer's body. Raises SourceUnavailable (network, 5xx, 429, 403, time) or
    SourceError.
    """
    # A name that a file gives may lead elsewhere by now than when it was judged.
    guard = None if access.is_configured else Egress.of(access).addresses
    with watched(deadline, guard):
        try:
            response = _send(access, base_url, question, deadline, timeouts)
            try:
                _check_status(access, response)
                answer = Answer(response, question.limit_bytes)
                yield answer
                answer.finish()
            finally:
                # A body that was not read to its end would poison the next user of this connection.
                response.close()
        except (HTTPError, OSError) as error:
            raise unavailable(access.url, "the Git server", error, deadline) from error


@contextmanager
def watched(deadline: Deadline, guard: Guard | None = None) -> Iterator[None]:
    """Every connection made or used meanwhile is cut at the deadline, and made only where `guard` lets it."""
    token, own = _deadline.set(deadline), _guard.set(guard)
    timer = threading.Timer(max(deadline.left_s, 0.001), deadline.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _deadline.reset(token)
        _guard.reset(own)


def _send(
    access: Access, base_url: str, question: Question, deadline: Deadline, timeouts: Timeouts
) -> urllib3.BaseHTTPResponse:
    limit = max(min(timeouts.read_s, deadline.left_s), 0.001)
    return pool_for(access).request(
        "GET" if question.body is None else "POST",
        f"{base_url}/{question.path}",
        body=question.body,
        headers={"User-Agent": _USER_AGENT, **_authorization(access), **question.headers},
        timeout=urllib3.Timeout(connect=min(timeouts.connect_s, limit), read=limit),
        preload_content=False,
        redirect=False,
        retries=urllib3.Retry(1, connect=0, read=0, redirect=0, status=0, other=1, raise_on_status=False),
    )


def _authorization(access: Access) -> Mapping[str, str]:
    if access.bearer:
        return {"Authorization": f"Bearer {access.bearer}"}
    if access.password:
        return urllib3.make_headers(basic_auth=f"{access.username or 'git'}:{access.password}")
    return {}


def _check_status(access: Access, response: urllib3.BaseHTTPResponse) -> None:
    status = response.status
    if status == 200:
        return
    if status in (401, 407):
        told = (
            "its Secret's credentials were refused" if access.password or access.bearer else "it asks for credentials"
        )
        raise SourceError(f"{access.url}: {told} (HTTP {status}); check the repository Secret for this URL and project")
    if status in (404, 410):
        raise NotThere(f"{access.url}: no such repository, or not for this access (HTTP {status})")
    if 300 <= status < 500 and status not in (403, 408, 425, 429):
        raise Moved(access.url, status, response.headers.get("Location", ""))
    retry = response.headers.get("Retry-After", "")
    raise SourceUnavailable(
        f"{access.url}: the Git server answered HTTP {status}", retry_after_s=float(retry) if retry.isdigit() else None
    )


class NotThere(SourceError):
    """404: no such repository, or one that this access may not see."""


class Moved(SourceError):
    """A redirect, or a refusal of the direct question."""

    def __init__(self, url: str, status: int, location: str) -> None:
        super().__init__(f"{url}: the Git server answered HTTP {status}; is this the URL that `git clone` takes?")
        self.location = location


def unavailable(url: str, who: str, error: Exception, deadline: Deadline) -> SourceUnavailable:
    """What a failed exchange with a server comes to, told without its secrets."""
    if deadline.is_over:
        return SourceUnavailable(f"{url}: {who} took longer than {deadline.seconds:.0f} s")
    reason = getattr(error, "reason", None) or error
    words = "its certificate is not trusted" if isinstance(reason, SSLError) else type(reason).__name__
    return SourceUnavailable(f"{url}: {who} cannot be reached ({words})")


@lru_cache(maxsize=256)
def pool_for(access: Access, permitted: Hashable = None) -> urllib3.PoolManager:
    """The connections of one access: its proxy, its trust, its client certificate.

    A guard judges a connection when it is made, not when it is used again; so nobody else gets it than who is
    `permitted` the same.
    """
    del permitted
    tls = _tls(access)
    proxied = access.proxy and not _bypasses(access)
    pools = (
        urllib3.ProxyManager(access.proxy, maxsize=4, ssl_context=tls)
        if proxied
        else urllib3.PoolManager(maxsize=4, ssl_context=tls)
    )
    pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return pools


def _bypasses(access: Access) -> bool:
    host = access.address.host
    suffixes = [part.strip().lstrip("*.") for part in access.no_proxy.split(",") if part.strip()]
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes)


def _tls(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if access.ca_pem:
        context.load_verify_locations(cadata=access.ca_pem)
    if access.insecure:
        # The Secret asks for it by name; a warning per request would say nothing more.
        urllib3.disable_warnings(InsecureRequestWarning)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.client_certificate and access.client_key:
        # The ssl module reads certificates from files only; this one lives for the length of the call.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "client.pem")
            path.touch(mode=0o600)
            path.write_text(f"{access.client_certificate.strip()}\n{access.client_key.strip()}\n")
            context.load_cert_chain(path)
    return context
