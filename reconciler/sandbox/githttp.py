"""One HTTP request to the Git server: login, faults asked for by a test, and `git http-backend` for the rest."""

import base64
import hmac
import io
import subprocess
import tempfile
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import parse_qs, urlsplit

from reconciler.sandbox.repositories import ENVIRONMENT

if TYPE_CHECKING:
    from reconciler.sandbox.gitserver import GitServer

CHUNK_BYTES = 64 * 1024
HANG_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class GitFaults:
    """How the server misbehaves: assign one to `GitServer.faults`; the empty value is a healthy server."""

    status: int | None = None
    """Answer everything with this status code."""
    hang: bool = False
    """Take the request and answer only once this fault is lifted."""
    bytes_per_s: int | None = None
    """Send answers this slowly."""


class GitHandler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with kept connections; answers are chunked, as their length is not known beforehand."""

    protocol_version = "HTTP/1.1"
    timeout = 120
    disable_nagle_algorithm = True

    @property
    def git(self) -> "GitServer":
        return cast("GitServer", self.server.git)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Silent: the requests are counted instead."""

    def _answer(self) -> None:
        with suppress(ConnectionError), tempfile.SpooledTemporaryFile(max_size=1024**2) as body:
            _read_body(self.headers, self.rfile, body)
            service = _service(self.path, self.headers.get("Content-Encoding", ""), body)
            self.git.requests[service] += 1
            self._wait_while_hanging()
            if (status := self.git.faults.status) is not None:
                self._refuse(status)
            elif not _authorized(self.git.credentials, self.headers.get("Authorization", "")):
                self._refuse(401)
            elif service == "receive-pack":
                self.git.during_push(urlsplit(self.path).path, lambda: self._run_backend(body))
            else:
                self._run_backend(body)

    def _wait_while_hanging(self) -> None:
        deadline = time.monotonic() + HANG_LIMIT_S
        while self.git.faults.hang and time.monotonic() < deadline:
            time.sleep(0.05)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="sandbox"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _run_backend(self, body: IO[bytes]) -> None:
        body.seek(0)
        if isinstance(body, tempfile.SpooledTemporaryFile):
            body.rollover()  # a child needs a real file
        backend = subprocess.Popen(
            ["git", "http-backend"],
            env=self._environment(),
            stdin=body.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        with backend, cast("IO[bytes]", backend.stdout) as output:
            try:
                self._send(output)
            except ConnectionError:
                backend.kill()
                raise

    def _environment(self) -> dict[str, str]:
        address = urlsplit(self.path)
        own = {
            "GIT_PROJECT_ROOT": str(self.git.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": address.path,
            "QUERY_STRING": address.query,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        return {**ENVIRONMENT, **own}

    def _send(self, output: IO[bytes]) -> None:
        headers = {}
        while line := output.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name] = value.strip()
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while chunk := output.read1(CHUNK_BYTES):  # type: ignore[attr-defined]
            self._send_chunk(chunk)
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, chunk: bytes) -> None:
        while chunk:
            rate = self.git.faults.bytes_per_s
            piece, chunk = (chunk, b"") if rate is None else (chunk[:1], chunk[1:])
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if rate is not None:
                time.sleep(1 / rate)


def _read_body(headers: "Message[str, str]", source: io.BufferedIOBase, body: IO[bytes]) -> None:
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        while size := int(source.readline().split(b";")[0], 16):
            body.write(source.read(size))
            source.readline()
        while source.readline().strip():
            pass
    else:
        body.write(source.read(int(headers.get("Content-Length") or 0)))


def _service(path: str, encoding: str, body: IO[bytes]) -> str:
    """The name under which a request is counted: info/refs, ls-refs, upload-pack, receive-pack or other."""
    address = urlsplit(path)
    if address.path.endswith("/info/refs"):
        return (
            "info/refs" if parse_qs(address.query).get("service") == ["git-upload-pack"] else "info/refs receive-pack"
        )
    if address.path.endswith("/git-receive-pack"):
        return "receive-pack"
    if not address.path.endswith("/git-upload-pack"):
        return "other"
    body.seek(0)
    start = body.read(CHUNK_BYTES)
    if encoding in ("gzip", "x-gzip"):
        start = zlib.decompressobj(wbits=31).decompress(start, CHUNK_BYTES)
    return "ls-refs" if b"command=ls-refs" in start else "upload-pack"


def _authorized(credentials: tuple[str, str] | None, header: str) -> bool:
    if credentials is None:
        return True
    expected = "Basic " + base64.b64encode(":".join(credentials).encode()).decode()
    return hmac.compare_digest(expected.encode(), header.encode())
