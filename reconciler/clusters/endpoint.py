"""Where an API server listens and how to enter it: from a kubeconfig, a service account or a cluster Secret."""

from __future__ import annotations

import base64
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from reconciler.errors import ConfigurationError, SpecError
from reconciler.models.secrets import ClusterConfig, ClusterSecret, TlsConfig

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


def control_endpoint(kubeconfig: Path | None, context: str | None) -> Endpoint:
    """The control cluster, by the operator's own kubeconfig (its credential programs included) or, with None, by the
    pod's service account. Raises ConfigurationError."""
    configuration = Configuration()
    try:
        if kubeconfig is None:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            load_kube_config(str(kubeconfig), context, configuration, persist_config=False)  # type: ignore[no-untyped-call]
        return _configured(configuration)
    except (ConfigException, OSError, ValueError) as error:
        where = f"kubeconfig {kubeconfig.name}" if kubeconfig else "in-cluster configuration"
        raise ConfigurationError(f"{where}: {error}") from error


def secret_endpoint(secret: ClusterSecret) -> Endpoint:
    """The cluster that a Secret describes. Raises SpecError for an address, a certificate or a means that is refused.

    A Secret may be written by a tenant: what would run a program, read a file or redirect our traffic is refused.
    """
    config = secret.config
    for field, value in (
        ("execProviderConfig", config.exec_provider),
        ("awsAuthConfig", config.aws_auth),
        ("proxyUrl", config.proxy_url),
    ):
        if value:
            raise SpecError(f"cluster {secret.name or secret.server}: {field} in a cluster Secret is not supported")
    try:
        tls = _tls_context(config.tls) if secret.server.startswith("https:") else None
        return _endpoint(secret.server, tls, config.tls.server_name or None, _constant(_credentials(config)))
    except (ssl.SSLError, ValueError) as error:
        raise SpecError(f"cluster {secret.name or secret.server}: {_without_content(error)}") from error


def has_credentials(config: ClusterConfig) -> bool:
    """Whether a Secret brings an identity of its own (Argo CD: else `in-cluster` is entered as the pod)."""
    return bool(config.bearer_token or config.username or config.tls.certificate_pem)


def _without_content(error: Exception) -> str:
    return f"certificate or key refused ({error.reason})" if isinstance(error, ssl.SSLError) else str(error)


def _endpoint(
    url: str, context: ssl.SSLContext | None, server_name: str | None, headers: Callable[[], Headers]
) -> Endpoint:
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("the server address must be http(s)://host[:port][/path]")
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return Endpoint(parts.hostname, port, parts.path.rstrip("/"), context, server_name, headers)


def _constant(headers: Headers) -> Callable[[], Headers]:
    return lambda: headers


def _credentials(config: ClusterConfig) -> Headers:
    if config.bearer_token:
        return {"Authorization": f"Bearer {config.bearer_token}"}
    if config.username:
        pair = f"{config.username}:{config.password or ''}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


def _tls_context(tls: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=tls.ca_pem.decode() or None)
    if tls.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if tls.certificate_pem:
        # The library reads keys from files only: 0600, and gone again at once.
        with tempfile.NamedTemporaryFile() as file:
            file.write(tls.certificate_pem + b"\n" + tls.key_pem)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _configured(configuration: Configuration) -> Endpoint:
    context = None
    if configuration.host.startswith("https:"):
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if not configuration.verify_ssl:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
    headers = _Refreshed(configuration)
    return _endpoint(configuration.host, context, configuration.tls_server_name, headers)


class _Refreshed:
    """Headers of a configuration whose token may expire. One caller at a time, so that one program runs at a time."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()

    def __call__(self) -> Headers:
        with self._lock:
            token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        if not token:
            return {}
        scheme, space, _ = token.partition(" ")
        # The loaders give some tokens with the scheme and some without.
        return {"Authorization": token if space and scheme.lower() in ("bearer", "basic") else f"Bearer {token}"}
