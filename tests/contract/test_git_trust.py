"""Who is believed, and who is told a secret: certificates, redirects, proxies, addresses that only look alike."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.secrets import RepositorySecret
from reconciler.sandbox.certificates import make_certificates
from reconciler.sandbox.gitserver import GitServer
from reconciler.sources import Access, GitSources, Trust, access_for
from reconciler.sources.charts.egress import check_host
from reconciler.sources.gitsource import GitLimits
from reconciler.sources.transport import Timeouts

SHORT = GitLimits(timeouts=Timeouts(connect_s=1.0, read_s=1.0, refs_s=2.0, fetch_s=2.0))


class Seen:
    """What a server was asked, and where it sends its clients."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.authorizations: list[str] = []
        self.redirect_to = ""


@contextmanager
def a_server(seen: Seen, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answers 404, or redirects; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.paths.append(self.path)
            seen.authorizations.append(self.headers.get("Authorization", ""))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(302 if seen.redirect_to else 404)
            self.send_header("Location", seen.redirect_to + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def sources(tmp_path: Path) -> GitSources:
    return GitSources(tmp_path / "data", None, SHORT)


def with_password(url: str, **more: str) -> Access:
    values = {"url": url, "username": "user", "password": "hunter2", "secret_name": "s", **more}
    return access_for(url, [RepositorySecret.model_validate(values)], "default")


def test_a_redirect_to_another_host_is_refused_and_gets_no_secret(sources: GitSources) -> None:
    honest, thief = Seen(), Seen()
    with a_server(thief) as stolen, a_server(honest) as port:
        honest.redirect_to = f"http://localhost:{stolen}"
        with pytest.raises(SourceError, match="another host"):
            sources.resolve(with_password(f"http://127.0.0.1:{port}/a/b.git"), "main")
    assert (thief.paths, thief.authorizations) == ([], [])
    assert honest.authorizations


def test_a_redirect_that_never_ends_is_given_up(sources: GitSources) -> None:
    seen = Seen()
    with a_server(seen) as port:
        seen.redirect_to = f"http://127.0.0.1:{port}/x"
        with pytest.raises(SourceError):
            sources.resolve(with_password(f"http://127.0.0.1:{port}/a/b.git"), "main")
    assert len(seen.paths) < 10


def test_a_template_s_secret_does_not_go_to_a_look_alike(sources: GitSources) -> None:
    seen = Seen()
    with a_server(seen) as port:
        template = RepositorySecret.model_validate(
            {
                "url": "http://127.0.0.1/",
                "password": "hunter2",
                "labels": {"argocd.argoproj.io/secret-type": "repo-creds"},
            }
        )
        with pytest.raises(SourceError):
            sources.resolve(access_for(f"http://127.0.0.1:{port}/a.git", [template], "default"), "main")
    assert set(seen.authorizations) == {""}


def test_a_moved_repository_on_the_same_host_is_followed(git_server: GitServer, sources: GitSources) -> None:
    """As GitLab redirects `/group/project` to `/group/project.git`."""
    url = git_server.create("fleet", {"a.yaml": "a"})
    commit = git_server.repository("fleet").refs()["refs/heads/main"]
    access = access_for(url.removesuffix(".git"), [], "default")
    assert sources.resolve(access, "main").commit == commit


def test_only_a_certificate_that_somebody_vouched_for_is_believed(sources: GitSources, tmp_path: Path) -> None:
    made = make_certificates(tmp_path, now=datetime.now(UTC))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.server, made.server_key)
    seen = Seen()
    with a_server(seen, tls) as port:
        url = f"https://127.0.0.1:{port}/a.git"
        with pytest.raises(SourceUnavailable, match="not trusted"):
            sources.resolve(with_password(url), "main")
        assert seen.authorizations == []
        vouched = access_for(url, [], "default", trust=Trust({"127.0.0.1": made.ca.read_text()}))
        for access in (vouched, with_password(url, insecure="true")):
            with pytest.raises(SourceError, match="no such repository"):
                sources.resolve(access, "main")


def test_a_name_that_moves_after_it_was_judged_is_not_followed(
    sources: GitSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, real, names = Seen(), socket.getaddrinfo, {"moving.example": "127.0.0.1"}

    def moving(host: str, *args: Any, **kwargs: Any) -> Any:
        return real(names.get(host, host), *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", moving)
    with a_server(seen) as port:
        access = access_for(f"http://moving.example:{port}/a/b.git", [], "default")
        check_host(access)
        with pytest.raises(SourceError, match="no such repository"):
            sources.resolve(access, "main")
        asked = len(seen.paths)
        names["moving.example"] = "169.254.169.254"
        with pytest.raises(SourceError, match="gives machines their credentials"):
            sources.resolve(access, "main")
    assert len(seen.paths) == asked > 0


def test_a_proxy_is_asked_unless_the_host_is_exempt(sources: GitSources) -> None:
    seen, direct = Seen(), Seen()
    with a_server(seen) as proxy, a_server(direct) as port:
        url, through = f"http://127.0.0.1:{port}/a.git", f"http://127.0.0.1:{proxy}"
        for more in ({"proxy": through}, {"proxy": through, "noProxy": "127.0.0.1"}):
            with pytest.raises(SourceError):
                sources.resolve(with_password(url, **more), "main")
    assert seen.paths[0].startswith(url)
    assert direct.paths[0].startswith("/a.git/")
