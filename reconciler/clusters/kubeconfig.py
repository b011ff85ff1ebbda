"""The control cluster's endpoint, from the operator's kubeconfig or the pod's service account.

What plain text can say is read here: the official client costs 10 MB and a third of a second to import, in every
process and every command. Kubeconfigs that name programs or login plugins are left to it.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from reconciler.clusters.endpoint import Endpoint, Headers, Trust, basic, bearer, constant, endpoint_at
from reconciler.errors import ConfigurationError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN_AGE_S = 60.0
"""Tokens in files are rotated; read again this often."""

PLUGINS = ("exec", "auth-provider")


def control_endpoint(kubeconfig: Path | None, context: str | None) -> Endpoint:
    """By the kubeconfig (its credential programs included) or, with None, by the pod's service account.

    Raises ConfigurationError.
    """
    where = f"kubeconfig {kubeconfig.name}" if kubeconfig else "in-cluster configuration"
    try:
        return of_service_account(SERVICE_ACCOUNT, os.environ) if kubeconfig is None else _of_file(kubeconfig, context)
    except (OSError, ValueError, LookupError, AttributeError, TypeError, yaml.YAMLError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ConfigurationError(f"{where}: {reason}") from error


def of_service_account(folder: Path, environment: Mapping[str, str]) -> Endpoint:
    """The cluster that this pod runs in. Raises OSError, KeyError, ValueError."""
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment["KUBERNETES_SERVICE_PORT"]
    place = f"[{host}]" if ":" in host else host
    trust = Trust(ca_pem=(folder / "ca.crt").read_bytes())
    return endpoint_at(f"https://{place}:{port}", trust, None, _TokenFile(folder / "token"))


def _of_file(path: Path, context: str | None) -> Endpoint:
    document = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe
    chosen = _named(document, "contexts", context or document["current-context"])["context"]
    cluster = _named(document, "clusters", chosen["cluster"])["cluster"]
    user = (_named(document, "users", chosen["user"]).get("user") or {}) if chosen.get("user") else {}
    if any(user.get(plugin) for plugin in PLUGINS):
        from reconciler.clusters.official import official_endpoint

        return official_endpoint(path, context)
    if cluster.get("proxy-url"):
        raise ValueError("proxy-url is not supported")
    trust = Trust(
        ca_pem=_content(path, cluster, "certificate-authority"),
        certificate_pem=_content(path, user, "client-certificate"),
        key_pem=_content(path, user, "client-key"),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )
    return endpoint_at(cluster["server"], trust, cluster.get("tls-server-name"), _credentials(path, user))


def _named(document: Mapping[str, Any], section: str, name: str) -> Mapping[str, Any]:
    for entry in document.get(section) or ():
        if entry.get("name") == name:
            return entry  # type: ignore[no-any-return]  # YAML is untyped; a wrong shape raises where it is read
    raise ValueError(f"no {name} among its {section}")


def _content(path: Path, section: Mapping[str, Any], field: str) -> bytes:
    """A PEM that is given inline as base64, or as a file beside the kubeconfig."""
    inline, file = section.get(f"{field}-data"), section.get(field)
    if inline:
        return base64.b64decode(inline)
    return (path.parent / file).read_bytes() if file else b""


def _credentials(path: Path, user: Mapping[str, Any]) -> Callable[[], Headers]:
    if user.get("token"):
        return constant(bearer(user["token"]))
    if user.get("tokenFile"):
        return _TokenFile(path.parent / user["tokenFile"])
    if user.get("username"):
        return constant(basic(user["username"], user.get("password") or ""))
    return constant({})


class _TokenFile:
    """A bearer token in a file that somebody renews. While it cannot be read, the last one is used."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._read_at, self._headers = clock(), bearer(path.read_text().strip())

    def __call__(self) -> Headers:
        now = self._clock()
        if now - self._read_at > TOKEN_AGE_S:
            self._read_at = now
            try:
                self._headers = bearer(self._path.read_text().strip())
            except OSError:
                return self._headers
        return self._headers
