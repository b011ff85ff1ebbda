"""HTTP for the sandbox's chart servers: a route gives a reply, and a reply can misbehave as a test asks for."""

import base64
import hmac
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from reconciler.sandbox.listener import Listener
from reconciler.sandbox.ports import free_port


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `headers` by name in lower case."""

    path: str
    headers: Mapping[str, str]

    def is_entered_by(self, login: tuple[str, str] | None) -> bool:
        """Whether it carries this login as basic authentication; None asks for none."""
        if login is None:
            return True
        expected = "Basic " + base64.b64encode(":".join(login).encode()).decode()
        return hmac.compare_digest(expected.encode(), self.headers.get("authorization", "").encode())


@dataclass(frozen=True, slots=True)
class Told:
    """One answer. `said_length` lies about the body's; `byte_every_s` sends it that slowly; `is_endless` for ever."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    said_length: int | None = None
    byte_every_s: float = 0.0
    is_endless: bool = False


Route = Callable[[Asked], Told]


class ChartHttp:
    """Serves one route on 127.0.0.1 until `stop`, and remembers what it was asked."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.asked: list[Asked] = []
        self._listener: _Listener | None = None

    @property
    def requests(self) -> Counter[str]:
        """How often each path was asked for."""
        return Counter(asked.path for asked in self.asked)

    def start(self) -> None:
        self._listener = _Listener(self)
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), name="charts", daemon=True).start()

    def stop(self) -> None:
        """Refuses connections from now on, and cuts those that are open."""
        if self._listener:
            self._listener.close_all()
            self._listener = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        http: ChartHttp = self.server.http  # type: ignore[attr-defined]
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()})
        http.asked.append(asked)
        with suppress(ConnectionError):
            self._tell(http.route(asked))

    def log_message(self, *_: object) -> None:
        """Silent: requests are kept instead."""

    def _tell(self, told: Told) -> None:
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        if told.is_endless:
            self.send_header("Connection", "close")
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 65536)
        self.send_header("Content-Length", str(len(told.body) if told.said_length is None else told.said_length))
        self.end_headers()
        if not told.byte_every_s:
            self.wfile.write(told.body)
        for byte in told.body if told.byte_every_s else b"":
            self.wfile.write(bytes((byte,)))
            time.sleep(told.byte_every_s)
        if told.said_length is not None:
            self.close_connection = True


class _Listener(Listener):
    def __init__(self, http: ChartHttp) -> None:
        self.http = http
        super().__init__(http.port, _Handler)

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no news."""
