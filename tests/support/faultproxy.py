"""An HTTPS proxy in front of one API server that answers badly on request: 429, random 5xx, silence for a path."""

from __future__ import annotations

import http.client
import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from reconciler.sandbox.controlplane import SERVER_NAME, ControlPlane

CHUNK_BYTES = 64 * 1024
HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """How the proxy treats requests; the empty value passes all of them on. `share` of them meets `status`."""

    status: int = 0
    share: float = 1.0
    retry_after_s: int | None = None
    delay_s: float = 0.0
    only: str = ""
    """Part of the paths that are treated so."""

    method: str = ""
    """The one method that is treated so; empty: every."""


class FaultProxy:
    """Serves on a free port of 127.0.0.1 with the certificate of the API server behind it, until `close`."""

    def __init__(self, plane: ControlPlane, *, seed: int = 0) -> None:
        self.plane = plane
        self.faults = Misbehaviour()
        self.asked: Counter[str] = Counter()
        """Requests that came in, by what became of them: `passed`, or the status that was made up."""
        self.random = random.Random(seed)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(plane.folder / "server.pem", plane.folder / "server-key.pem")
        self._listener = _Listener(self, context)
        self.url = f"https://127.0.0.1:{self._listener.server_port}"
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown()
        self._listener.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, proxy: FaultProxy, context: ssl.SSLContext) -> None:
        self.proxy, self.context = proxy, context
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    _upstream: http.client.HTTPSConnection | None = None

    def setup(self) -> None:
        # Here and not in the listener: a slow handshake must hold up nobody else.
        self.request = cast("_Listener", self.server).context.wrap_socket(self.request, server_side=True)
        super().setup()

    @property
    def proxy(self) -> FaultProxy:
        return cast("_Listener", self.server).proxy

    def log_message(self, *_: object) -> None:
        """Silent: requests are counted instead."""

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        faults = self.proxy.faults
        hit = faults.only in self.path and faults.method in ("", self.command)
        if hit and faults.delay_s:
            time.sleep(faults.delay_s)
        if hit and faults.status and self.proxy.random.random() < faults.share:
            self._refuse(faults)
            return
        self.proxy.asked["passed"] += 1
        with suppress(ConnectionError):
            self._pass_on(body)

    def _refuse(self, faults: Misbehaviour) -> None:
        self.proxy.asked[str(faults.status)] += 1
        self.send_response(faults.status)
        if faults.retry_after_s is not None:
            self.send_header("Retry-After", str(faults.retry_after_s))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _pass_on(self, body: bytes) -> None:
        try:
            answer = self._ask(body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # as if the server itself had gone
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while chunk := answer.read1(CHUNK_BYTES):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        answer.close()  # else the connection could not be used again
        self.wfile.write(b"0\r\n\r\n")

    def _ask(self, body: bytes) -> http.client.HTTPResponse:
        if self._upstream is None:
            plane = self.proxy.plane
            context = ssl.create_default_context(cadata=plane.ca_pem)
            context.check_hostname = False  # the address is right by construction; the name is SERVER_NAME
            self._upstream = http.client.HTTPSConnection("127.0.0.1", plane.port, context=context, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        try:
            self._upstream.request(self.command, self.path, body or None, {**headers, "Host": SERVER_NAME})
            return self._upstream.getresponse()
        except (OSError, http.client.HTTPException):
            self._upstream.close()
            self._upstream = None
            raise

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        with suppress(OSError):
            super().finish()
        self.request.close()  # the listener closes only the socket that this one was made from
