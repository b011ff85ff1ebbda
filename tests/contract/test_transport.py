"""The transport against a real API server, and against servers that break the rules of HTTP on purpose."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.clusters.connections import Timeouts
from reconciler.clusters.endpoint import Endpoint
from reconciler.clusters.kubeconfig import control_endpoint
from reconciler.clusters.transport import Transport
from reconciler.errors import ClusterUnavailable, ConfigurationError, ObjectGone
from reconciler.sandbox.controlplane import ControlPlane

HASTY = Timeouts(connect_s=0.5, request_s=0.5)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def transport(control_plane: ControlPlane) -> Iterator[Transport]:
    transport = Transport(control_endpoint(control_plane.kubeconfig_path, None), Timeouts(), connections=4)
    yield transport
    transport.close()


class Rogue:
    """Plays one scripted answer a connection; a script is the bytes to send for each request, None is silence."""

    def __init__(self, *scripts: list[bytes | None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.requests: list[bytes] = []
        self._scripts = list(scripts)
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self._listener.getsockname()[1], "", None, None, dict)

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(peer)
            threading.Thread(target=self._play, args=(peer, script), daemon=True).start()

    def _play(self, peer: socket.socket, script: list[bytes | None]) -> None:
        for answer in script:
            request = peer.recv(65536)
            if not request:
                break
            self.requests.append(request)
            if answer is None:
                return
            peer.sendall(answer)
        peer.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._open:
            peer.close()
        self._thread.join(timeout=5)


Meet = Callable[..., tuple[Rogue, Transport]]


@pytest.fixture
def meet() -> Iterator[Meet]:
    """Starts a rogue with the given scripts and a hasty transport to it."""
    met: list[tuple[Rogue, Transport]] = []

    def start(*scripts: list[bytes | None]) -> tuple[Rogue, Transport]:
        rogue = Rogue(*scripts)
        met.append((rogue, Transport(rogue.endpoint, HASTY)))
        return met[-1]

    yield start
    for rogue, transport in met:
        transport.close()
        rogue.close()


def test_a_call_reads_an_object_and_keeps_its_connection(transport: Transport) -> None:
    for _ in range(3):
        assert transport.get("/api/v1/namespaces/default").json()["metadata"]["name"] == "default"
    assert len(transport._pool._idle) == 1


def test_a_closed_transport_keeps_no_connection_of_a_call_that_was_under_way(transport: Transport) -> None:
    transport.close()
    assert transport.get("/version").status == 200
    assert len(transport._pool._idle) == 0


def test_threads_never_have_more_connections_than_allowed(transport: Transport) -> None:
    threads = [threading.Thread(target=transport.get, args=("/version",)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert 1 <= len(transport._pool._idle) <= 4


def test_every_call_is_counted_with_its_verb_and_status(control_plane: ControlPlane) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    transport = Transport(
        control_endpoint(control_plane.kubeconfig_path, None), Timeouts(), tally=lambda v, s, _: seen.update([(v, s)])
    )
    transport.get("/version")
    with pytest.raises(ObjectGone):
        transport.get("/api/v1/namespaces/absent")
    transport.close()
    assert seen == {("GET", 200): 1, ("GET", 404): 1}


def test_a_call_costs_half_a_millisecond_of_processor_time_at_most(transport: Transport) -> None:
    transport.get("/api/v1/namespaces/default")
    started = time.thread_time()
    for _ in range(200):
        transport.get("/api/v1/namespaces/default").json()
    assert (time.thread_time() - started) / 200 < 0.0005 * 2, "twice the budget: test machines are shared"


def test_a_connection_that_the_server_closed_while_idle_is_not_used_again(meet: Meet) -> None:
    rogue, transport = meet([OK], [OK])
    assert transport.get("/a").status == 200
    assert transport.get("/b").status == 200
    assert len(rogue.requests) == 2


def test_a_read_whose_kept_connection_breaks_goes_again_and_a_write_does_not(meet: Meet) -> None:
    rogue, transport = meet([OK, b""], [OK, b""], [OK])
    transport.get("/first")
    assert transport.get("/read").status == 200
    with pytest.raises(ClusterUnavailable):
        transport.request("DELETE", "/write")
    assert [request.split()[1] for request in rogue.requests].count(b"/write") == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>",
    ],
    ids=["cut off", "truncated", "chunks without end", "no HTTP", "redirect", "bad gateway"],
)
def test_a_broken_answer_is_an_unavailable_cluster_and_never_an_empty_one(meet: Meet, answer: bytes) -> None:
    _, transport = meet([answer], [answer])
    with pytest.raises(ClusterUnavailable):
        transport.get("/a")


def test_a_silent_server_costs_the_time_limit_and_then_the_breaker_costs_nothing(meet: Meet) -> None:
    _, transport = meet([None], [None], [None])
    for _ in range(3):
        with pytest.raises(ClusterUnavailable, match="timed out"):
            transport.get("/a")
    started = time.monotonic()
    with pytest.raises(ClusterUnavailable, match="next try in") as caught:
        transport.get("/a")
    assert time.monotonic() - started < 0.1
    assert (caught.value.retry_after_s or 0) > 1


def test_after_a_429_the_server_is_left_alone_for_as_long_as_it_asked(meet: Meet) -> None:
    busy = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"
    rogue, transport = meet([busy, OK])
    for _ in range(10):
        with pytest.raises(ClusterUnavailable) as caught:
            transport.get("/a")
        assert 4 < (caught.value.retry_after_s or 0) <= 5
    assert len(rogue.requests) == 1


def test_a_429_about_one_new_kind_does_not_silence_the_whole_cluster(meet: Meet) -> None:
    status = b'{"kind":"Status","message":"storage is (re)initializing","details":{"retryAfterSeconds":1}}'
    starting = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: %d\r\n\r\n%s" % (len(status), status)
    _, transport = meet([starting, OK])
    with pytest.raises(ClusterUnavailable, match="initializing"):
        transport.get("/apis/new.test/v1/kinds")
    assert transport.get("/api/v1/pods").status == 200


def test_a_server_with_a_strange_certificate_is_refused_with_the_reason(control_plane: ControlPlane) -> None:
    endpoint = control_endpoint(control_plane.kubeconfig_path, None)
    stranger = Endpoint(endpoint.host, endpoint.port, "", endpoint.context, "somebody-else.example", endpoint.headers)
    refused = pytest.raises(ClusterUnavailable, match="certificate verify failed")
    with closing(Transport(stranger, Timeouts())) as transport, refused:
        transport.get("/version")


def test_wrong_credentials_are_a_passing_fault(control_plane: ControlPlane) -> None:
    endpoint = control_endpoint(control_plane.kubeconfig_path, None)
    stale = Endpoint(
        endpoint.host, endpoint.port, "", endpoint.context, endpoint.server_name, lambda: {"Authorization": "Bearer x"}
    )
    refused = pytest.raises(ClusterUnavailable, match="Unauthorized")
    with closing(Transport(stale, Timeouts())) as transport, refused:
        transport.get("/api/v1/pods")


def test_a_kubeconfig_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "kubeconfig"
    broken.write_text("{}")
    with pytest.raises(ConfigurationError, match="kubeconfig"):
        control_endpoint(broken, None)
