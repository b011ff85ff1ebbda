"""Where an API server listens and how to enter it; and how a cluster Secret says so."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.errors import SpecError
from reconciler.models.secrets import ClusterConfig, ClusterSecret

Headers = Mapping[str, str]
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API server as one identity sees it. `headers()` gives the current credentials.

    `context` is None for plain HTTP; `prefix` is the path before `/api` where a proxy serves many clusters.
    """

    host: str
    port: int
    prefix: str
    context: ssl.SSLContext | None
    server_name: str | None
    headers: Callable[[], Headers]

    @property
    def url(self) -> str:
        place = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self.context is None else 'https'}://{place}:{self.port}{self.prefix}"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe and as whom to appear, in PEM; empty means the system's authorities, and nobody."""

    ca_pem: bytes = b""
    certificate_pem: bytes = b""
    key_pem: bytes = b""
    insecure: bool = False


def secret_endpoint(secret: ClusterSecret) -> Endpoint:
    """The cluster that a Secret describes. Raises SpecError for an address, a certificate or a means that is refused.

    A Secret may be written by a tenant: what would run a program, read a file or redirect our traffic is refused.
    """
    config, tls = secret.config, secret.config.tls
    for field, value in (
        ("execProviderConfig", config.exec_provider),
        ("awsAuthConfig", config.aws_auth),
        ("proxyUrl", config.proxy_url),
    ):
        if value:
            raise SpecError(f"cluster {secret.name or secret.server}: {field} in a cluster Secret is not supported")
    try:
        return endpoint_at(
            secret.server,
            Trust(tls.ca_pem, tls.certificate_pem, tls.key_pem, tls.insecure),
            tls.server_name or None,
            constant(_credentials(config)),
        )
    except (ssl.SSLError, ValueError) as error:
        raise SpecError(f"cluster {secret.name or secret.server}: {_without_content(error)}") from error


def has_credentials(config: ClusterConfig) -> bool:
    """Whether a Secret brings an identity of its own (Argo CD: else `in-cluster` is entered as the pod)."""
    return bool(config.bearer_token or config.username or config.tls.certificate_pem)


def _without_content(error: Exception) -> str:
    return f"certificate or key refused ({error.reason})" if isinstance(error, ssl.SSLError) else str(error)


def endpoint_at(url: str, trust: Trust, server_name: str | None, headers: Callable[[], Headers]) -> Endpoint:
    """The endpoint at `url`. Raises ValueError for an address that is not plain http(s); as `tls_context` does."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("the server address must be http(s)://host[:port][/path]")
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    tls = tls_context(trust) if parts.scheme == "https" else None
    return Endpoint(parts.hostname, port, parts.path.rstrip("/"), tls, server_name, headers)


def constant(headers: Headers) -> Callable[[], Headers]:
    """Credentials that never change."""
    return lambda: headers


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def basic(username: str, password: str) -> Headers:
    return {"Authorization": f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"}


def tls_context(trust: Trust) -> ssl.SSLContext:
    """TLS as `trust` says. Raises ValueError and ssl.SSLError, which is an OSError too."""
    context = ssl.create_default_context(cadata=trust.ca_pem.decode() or None)
    if trust.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if trust.certificate_pem:
        # The library reads keys from files only: 0600, and gone again at once.
        with tempfile.NamedTemporaryFile() as file:
            file.write(trust.certificate_pem + b"\n" + trust.key_pem)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _credentials(config: ClusterConfig) -> Headers:
    if config.bearer_token:
        return bearer(config.bearer_token)
    return basic(config.username, config.password or "") if config.username else {}
