"""Each key of a cluster or repository Secret that the table calls honoured reaches the place where it is used."""

from __future__ import annotations

import base64
import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.clusters.endpoint import secret_endpoint
from reconciler.errors import SpecError
from reconciler.models.secrets import ClusterSecret, RepositorySecret
from reconciler.sandbox.certificates import make_certificates
from reconciler.sources.credentials import access_for

URL = "https://git.example/fleet.git"


@pytest.mark.parametrize(
    ("key", "field", "value", "used"),
    [
        ("username", "username", "me", "me"),
        ("password", "password", "p", "p"),
        ("bearerToken", "bearer", "b", "b"),
        ("sshPrivateKey", "ssh_key", "k", "k"),
        ("tlsClientCertData", "client_certificate", "c", "c"),
        ("tlsClientCertKey", "client_key", "k", "k"),
        ("proxy", "proxy", "http://proxy", "http://proxy"),
        ("noProxy", "no_proxy", "inside", "inside"),
        ("insecure", "insecure", "true", True),
        ("insecureIgnoreHostKey", "insecure", "true", True),
    ],
)
def test_a_key_of_a_repository_secret_reaches_its_access(key: str, field: str, value: str, used: object) -> None:
    given = {"url": URL, "tlsClientCertData": "c", key: value}
    access = access_for(URL, [RepositorySecret.parse({"stringData": given})], "default")
    assert getattr(access, field) == used
    assert getattr(access_for(URL, [], "default"), field) != used


def test_only_secrets_of_git_repositories_open_one() -> None:
    for kind, owner in (("git", "s"), ("helm", "anonymous")):
        secret = {"metadata": {"name": "s"}, "stringData": {"url": URL, "type": kind, "password": "p"}}
        assert owner in access_for(URL, [RepositorySecret.parse(secret)], "default").owner


def test_a_cluster_is_entered_as_its_secret_says() -> None:
    tls = {"insecure": True, "serverName": "inner"}
    config = {"username": "me", "password": "p", "tlsClientConfig": tls}
    secret = {"stringData": {"name": "one", "server": "https://one:6443", "config": json.dumps(config)}}
    endpoint = secret_endpoint(ClusterSecret.parse(secret))
    assert endpoint.headers() == {"Authorization": f"Basic {base64.b64encode(b'me:p').decode()}"}
    assert endpoint.server_name == "inner"
    assert endpoint.context is not None
    assert endpoint.context.verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize("key", ["certData", "keyData"])
def test_a_cluster_may_be_entered_with_a_client_certificate(tmp_path: Path, key: str) -> None:
    made = make_certificates(tmp_path, now=datetime.now(UTC))
    pair = {"certData": made.server.read_bytes(), "keyData": made.server_key.read_bytes()}
    secret_endpoint(_with_tls(pair))
    with pytest.raises(SpecError, match="certificate or key refused"):
        secret_endpoint(_with_tls({**pair, key: b"broken"}))


def _with_tls(pem: dict[str, bytes]) -> ClusterSecret:
    tls = {key: base64.b64encode(content).decode() for key, content in pem.items()}
    config = json.dumps({"tlsClientConfig": tls})
    return ClusterSecret.parse({"stringData": {"server": "https://one:6443", "config": config}})
