"""Kubeconfigs with credential programs and login plugins, by the official client. Imported only where one is used."""

from __future__ import annotations

import threading
from pathlib import Path

from kubernetes.client.configuration import Configuration
from kubernetes.config import ConfigException, load_kube_config

from reconciler.clusters.endpoint import Endpoint, Headers, Trust, endpoint_at
from reconciler.errors import ClusterUnavailable, ConfigurationError


def official_endpoint(kubeconfig: Path, context: str | None) -> Endpoint:
    """The endpoint of a kubeconfig's context; its token is renewed when it expires. Raises ConfigurationError."""
    configuration = Configuration()
    try:
        load_kube_config(str(kubeconfig), context, configuration, persist_config=False)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError, ValueError) as error:
        raise ConfigurationError(f"kubeconfig {kubeconfig.name}: {error}") from error
    trust = Trust(
        ca_pem=_content(configuration.ssl_ca_cert),
        certificate_pem=_content(configuration.cert_file),
        key_pem=_content(configuration.key_file),
        insecure=not configuration.verify_ssl,
    )
    headers = _Refreshed(configuration)
    return endpoint_at(configuration.host, trust, configuration.tls_server_name, headers)


def _content(path: str | None) -> bytes:
    return Path(path).read_bytes() if path else b""


class _Refreshed:
    """Headers of a configuration whose token may expire. One caller at a time, so that one program runs at a time."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()

    def __call__(self) -> Headers:
        with self._lock:
            try:
                token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
            except (ConfigException, OSError, ValueError, LookupError) as error:
                raise ClusterUnavailable(f"credentials cannot be renewed ({type(error).__name__})") from error
        if not token:
            return {}
        scheme, space, _ = token.partition(" ")
        # The loaders give some tokens with the scheme and some without.
        return {"Authorization": token if space and scheme.lower() in ("bearer", "basic") else f"Bearer {token}"}
