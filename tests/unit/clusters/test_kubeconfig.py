"""Kubeconfigs and service accounts, read from files."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.clusters.kubeconfig import TOKEN_AGE_S, _TokenFile, control_endpoint, of_service_account
from reconciler.errors import ConfigurationError
from reconciler.sandbox.certificates import make_certificates


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("pem"), now=datetime.now(UTC)).ca


def a_kubeconfig(folder: Path, *, user: dict[str, Any], **cluster: Any) -> Path:
    """A kubeconfig with the context `one`, which is the current one."""
    content = {
        "clusters": [{"name": "c", "cluster": {"server": "https://east.example:6443/prefix/", **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "one",
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


def test_address_authority_and_token_are_read(tmp_path: Path, ca: Path) -> None:
    path = a_kubeconfig(
        tmp_path,
        user={"token": "secret"},
        **{"certificate-authority-data": base64.b64encode(ca.read_bytes()).decode(), "tls-server-name": "kubernetes"},
    )
    endpoint = control_endpoint(path, None)
    assert (endpoint.host, endpoint.port, endpoint.prefix) == ("east.example", 6443, "/prefix")
    assert endpoint.server_name == "kubernetes"
    assert endpoint.headers() == {"Authorization": "Bearer secret"}
    assert endpoint.context is not None
    assert endpoint.context.verify_mode == ssl.CERT_REQUIRED
    assert [entry["subject"] for entry in endpoint.context.get_ca_certs()] != []


def test_files_beside_the_kubeconfig_are_found(tmp_path: Path, ca: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(ca.read_bytes())
    (tmp_path / "token").write_text("from a file\n")
    path = a_kubeconfig(tmp_path, user={"tokenFile": "token"}, **{"certificate-authority": "ca.pem"})
    assert control_endpoint(path, "one").headers() == {"Authorization": "Bearer from a file"}


@pytest.mark.parametrize(
    ("user", "expected"),
    [({"username": "ann", "password": "pw"}, {"Authorization": "Basic YW5uOnB3"}), ({}, {})],
)
def test_other_identities(tmp_path: Path, user: dict[str, Any], expected: dict[str, str]) -> None:
    assert control_endpoint(a_kubeconfig(tmp_path, user=user), None).headers() == expected


def test_verification_is_off_only_where_it_is_asked_for(tmp_path: Path) -> None:
    endpoint = control_endpoint(a_kubeconfig(tmp_path, user={}, **{"insecure-skip-tls-verify": True}), None)
    assert endpoint.context is not None
    assert endpoint.context.verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "'current-context' is missing"),
        ("current-context: x", "no x among its contexts"),
        ("{: not yaml", "kubeconfig"),
        ("just text", "kubeconfig"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        control_endpoint(path, None)


def test_a_context_that_does_not_exist_and_a_proxy_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no two among its contexts"):
        control_endpoint(a_kubeconfig(tmp_path, user={}), "two")
    with pytest.raises(ConfigurationError, match="proxy-url"):
        control_endpoint(a_kubeconfig(tmp_path, user={}, **{"proxy-url": "http://127.0.0.1:1"}), None)


def test_a_credential_program_is_run_by_the_official_client(tmp_path: Path) -> None:
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t1"}}
    program = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", f"print({json.dumps(json.dumps(credential))})"],
        "interactiveMode": "Never",
    }
    endpoint = control_endpoint(a_kubeconfig(tmp_path, user={"exec": program}), None)
    assert endpoint.headers() == {"Authorization": "Bearer t1"}


def test_plain_kubeconfigs_do_not_cost_the_official_client() -> None:
    script = "import sys, reconciler.clusters; sys.exit('kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_pod_finds_its_cluster(tmp_path: Path, ca: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(ca.read_bytes())
    (tmp_path / "token").write_text("t")
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    endpoint = of_service_account(tmp_path, environment)
    assert endpoint.url == "https://[fd00::1]:443"
    assert endpoint.headers() == {"Authorization": "Bearer t"}


def test_outside_of_a_pod_the_missing_word_is_named() -> None:
    with pytest.raises(ConfigurationError, match="in-cluster configuration: 'KUBERNETES_SERVICE_HOST' is missing"):
        control_endpoint(None, None)


def test_a_renewed_token_is_read_again_and_a_missing_one_is_survived(tmp_path: Path) -> None:
    now = 0.0
    path = tmp_path / "token"
    path.write_text("one")
    headers = _TokenFile(path, lambda: now)
    path.write_text("two")
    assert headers()["Authorization"] == "Bearer one"
    now += TOKEN_AGE_S + 1
    assert headers()["Authorization"] == "Bearer two"
    path.unlink()
    now += TOKEN_AGE_S + 1
    assert headers()["Authorization"] == "Bearer two"
