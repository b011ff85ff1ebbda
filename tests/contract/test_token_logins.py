"""Logins that are exchanged for tokens: a fake token server on this machine, a real Git server behind the token."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.secrets import RepositorySecret
from reconciler.sandbox.certificates import make_certificates
from reconciler.sandbox.gitserver import GitServer, start_git_server
from reconciler.sources import Access, GitSources, access_for
from reconciler.sources.exchanges import ASSERTION_S, AZURE_DEVOPS, SKEW_S
from reconciler.sources.tokens import EARLY_S, Tokens
from reconciler.sources.transport import Timeouts
from tests.support.renderer import a_config_map

NOW = 1_800_000_000.0
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()
REPO = "https://dev.example/Team/app.git"


class TokenServer:
    """Remembers what it was asked and gives the prepared answers by path; anything else is refused."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.authorizations: list[str] = []
        self.answers: dict[str, object] = {}
        self.status = 200
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, verb: str, path: str, authorization: str, body: bytes) -> tuple[int, bytes]:
        self.asked.append((verb, path, body.decode()))
        self.authorizations.append(authorization)
        if self.status != 200 or path not in self.answers:
            return (self.status if self.status != 200 else 404), b"{}"
        return 200, json.dumps(self.answers[path]).encode()


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[TokenServer]:
    made = TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, data = made.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        http.socket = tls.wrap_socket(http.socket, server_side=True)
    made.port = http.server_port
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    http.shutdown()
    http.server_close()


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with serving() as made:
        yield made


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def an_access(url: str = REPO, **keys: str) -> Access:
    secret = {"metadata": {"name": "s", "uid": "u"}, "stringData": {"url": url, **keys}}
    return access_for(url, [RepositorySecret.parse(secret)], "default")


def tokens(clock: Callable[[], float] | None = None, environment: Mapping[str, str] | None = None) -> Tokens:
    return Tokens(Timeouts(connect_s=1, read_s=1, refs_s=2, fetch_s=2), clock or Clock(), environment or {})


def claims(assertion: str) -> dict[str, Any]:
    """What an assertion says; raises if our key did not sign it."""
    head, body, signature = assertion.split(".")
    KEY.public_key().verify(_bytes(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(_bytes(head)) == {"alg": "RS256", "typ": "JWT"}
    found: dict[str, Any] = json.loads(_bytes(body))
    return found


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def app_keys(server: TokenServer, **keys: str) -> dict[str, str]:
    return {"githubAppID": "17", "githubAppPrivateKey": PEM, "githubAppEnterpriseBaseUrl": server.url, **keys}


def github(server: TokenServer, token: str = "ghs_canary") -> None:
    server.answers["/app/installations/4/access_tokens"] = {"token": token, "expires_at": "2027-01-15T09:00:00Z"}


def test_a_github_app_is_entered_by_a_token_of_its_installation(server: TokenServer) -> None:
    github(server)
    access = tokens().entered(an_access(**app_keys(server, githubAppInstallationID="4")))
    assert (access.username, access.password, access.exchange) == ("x-access-token", "ghs_canary", None)
    said = claims(server.authorizations[0].removeprefix("Bearer "))
    assert said == {"iss": "17", "iat": int(NOW) - SKEW_S, "exp": int(NOW) + ASSERTION_S}
    assert "canary" not in repr(access)
    assert "PRIVATE" not in repr(an_access(**app_keys(server)))


def test_an_installation_that_is_not_named_is_found_by_the_owner(server: TokenServer) -> None:
    github(server)
    server.answers["/app/installations?per_page=100"] = [
        {"id": 3, "account": {"login": "others"}},
        {"id": 4, "account": {"login": "team"}},
    ]
    assert tokens().entered(an_access(**app_keys(server))).password == "ghs_canary"
    server.answers["/app/installations?per_page=100"] = []
    with pytest.raises(SourceError, match="GitHub App 17 is not installed for Team"):
        tokens().entered(an_access(**app_keys(server)))


def test_a_token_is_asked_for_once_in_its_lifetime(server: TokenServer) -> None:
    github(server)
    clock = Clock()
    kept, access = tokens(clock), an_access(**app_keys(server, githubAppInstallationID="4"))
    lifetime = 1_800_003_600 - NOW
    for later, asked in ((0.0, 1), (lifetime - EARLY_S - 1, 1), (lifetime - EARLY_S + 1, 2)):
        clock.now = NOW + later
        kept.entered(access)
        assert len(server.asked) == asked


def test_an_azure_service_principal_is_entered_by_a_bearer(server: TokenServer) -> None:
    server.answers["/tenant-1/oauth2/v2.0/token"] = {"access_token": "azure-canary", "expires_in": 3599}
    keys = {"azureServicePrincipalClientId": "c", "azureServicePrincipalClientSecret": "s3cret"}
    given = {**keys, "azureServicePrincipalTenantId": "tenant-1", "azureActiveDirectoryEndpoint": server.url}
    assert tokens().entered(an_access(**given)).bearer == "azure-canary"
    form = parse_qs(server.asked[0][2])
    assert form["grant_type"] == ["client_credentials"]
    assert (form["client_id"], form["client_secret"], form["scope"]) == (["c"], ["s3cret"], [AZURE_DEVOPS])


def test_the_azure_workload_identity_of_this_process_is_a_bearer_too(server: TokenServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-kubernetes\n")
    server.answers["/t/oauth2/v2.0/token"] = {"access_token": "azure-canary", "expires_in": "3599"}
    access = an_access(useAzureWorkloadIdentity="true")
    environment = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_AUTHORITY_HOST": f"{server.url}/"}
    file = {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")}
    assert tokens(environment={**environment, **file}).entered(access).bearer == "azure-canary"
    assert parse_qs(server.asked[0][2])["client_assertion"] == ["from-kubernetes"]
    with pytest.raises(SourceError, match="AZURE_FEDERATED_TOKEN_FILE is not set"):
        tokens(environment=environment).entered(access)


def test_a_google_service_account_is_entered_by_an_access_token(server: TokenServer) -> None:
    server.answers["/token"] = {"access_token": "google-canary", "expires_in": 3599}
    account = {"client_email": "me@project.example", "private_key": PEM, "token_uri": f"{server.url}/token"}
    access = tokens().entered(an_access(gcpServiceAccountKey=json.dumps(account)))
    assert (access.username, access.password) == ("me@project.example", "google-canary")
    said = claims(parse_qs(server.asked[0][2])["assertion"][0])
    assert (said["iss"], said["aud"]) == ("me@project.example", f"{server.url}/token")
    assert "cloud-platform" in said["scope"]


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, SourceError, r"a token for its GitHub App was refused \(HTTP 401\); check the repository Secret"),
        (302, SourceError, "was refused"),
        (503, SourceUnavailable, "the token server of its GitHub App answered HTTP 503"),
    ],
)
def test_a_refusal_is_told_without_the_login(
    server: TokenServer, status: int, error: type[Exception], words: str
) -> None:
    server.status = status
    with pytest.raises(error, match=words) as raised:
        tokens().entered(an_access(**app_keys(server, githubAppInstallationID="4")))
    assert "Bearer" not in str(raised.value)
    assert len(server.asked) == 1, "no redirect is followed"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"githubAppID": "1", "githubAppInstallationID": "1", "githubAppPrivateKey": "canary"}, "githubAppPrivateKey"),
        ({"gcpServiceAccountKey": '{"canary": 1}'}, "gcpServiceAccountKey is no key file"),
    ],
)
def test_a_broken_key_is_named_and_not_quoted(keys: dict[str, str], words: str) -> None:
    with pytest.raises(SourceError, match=words) as raised:
        tokens().entered(an_access(**keys))
    assert "canary" not in str(raised.value)


def a_client_certificate() -> str:
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, KEY.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(KEY, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_what_a_secret_says_of_tls_is_for_the_repository_s_own_host(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, now=datetime.now(UTC))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.server, made.server_key)
    tls.load_verify_locations(made.ca)
    with serving(tls) as server:
        github(server)
        keys = app_keys(server, githubAppInstallationID="4", insecure="true")
        keys["githubAppEnterpriseBaseUrl"] = server.url.replace("http:", "https:")
        beside = an_access("https://127.0.0.1:9/Team/app.git", **keys)
        assert tokens().entered(beside).password == "ghs_canary"
        with pytest.raises(SourceUnavailable, match="its certificate is not trusted"):
            tokens().entered(an_access(**keys))
        assert len(server.asked) == 1

        certificate = a_client_certificate()
        tls.load_verify_locations(cadata=certificate)
        tls.verify_mode = ssl.CERT_REQUIRED
        beside, elsewhere = (
            replace(one, ca_pem=made.ca.read_text(), client_certificate=certificate, client_key=PEM)
            for one in (beside, an_access(**keys))
        )
        assert tokens().entered(beside).password == "ghs_canary"
        with pytest.raises(SourceUnavailable, match="cannot be reached"):
            tokens().entered(elsewhere)
        assert len(server.asked) == 2


def test_a_login_is_not_used_without_encryption_by_ssh() -> None:
    with pytest.raises(SourceError, match="holds a login for https"):
        an_access("git@dev.example:Team/app.git", githubAppID="1", githubAppPrivateKey=PEM)


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitServer]:
    made = start_git_server(tmp_path / "git", credentials=("x-access-token", "ghs_canary"))
    yield made
    made.stop()


def test_a_real_repository_is_read_with_the_token(server: TokenServer, git: GitServer, tmp_path: Path) -> None:
    server.answers["/app/installations/4/access_tokens"] = {"token": "ghs_canary", "expires_at": "2099-01-01T00:00:00Z"}
    url = git.create("fleet", {"one.yaml": a_config_map("one")})
    sources = GitSources(tmp_path / "data", None)
    access = an_access(url, **app_keys(server, githubAppInstallationID="4"))
    commit = sources.resolve(access, "main").commit
    assert "one.yaml" in sources.reader(access, commit).entries(sources.reader(access, commit).root)
    assert len(server.asked) == 1
