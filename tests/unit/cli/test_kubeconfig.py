"""A kubeconfig context becomes the `config` of a cluster Secret."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.clusters import Added, cluster_secret
from reconciler.cli.kubeconfig import Entry, read_context
from reconciler.cli.problems import Problem
from reconciler.models.secrets import ClusterSecret

TOKEN = {"token": "s3cret"}


def a_kubeconfig(folder: Path, *, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> Path:
    content = {
        "contexts": [{"name": "admin@east", "context": {"cluster": "east", "user": "admin"}}],
        "clusters": [{"name": "east", "cluster": {"server": "https://east.example:6443/", **(cluster or {})}}],
        "users": [{"name": "admin", "user": TOKEN if user is None else user}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))
    return path


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_token_and_an_authority_are_taken_over(tmp_path: Path) -> None:
    cluster = {"certificate-authority-data": encoded("PEM"), "tls-server-name": "kubernetes"}
    entry = read_context(a_kubeconfig(tmp_path, cluster=cluster), "admin@east")
    assert entry.server == "https://east.example:6443"
    assert entry.config == {
        "bearerToken": "s3cret",
        "tlsClientConfig": {"serverName": "kubernetes", "caData": encoded("PEM")},
    }


def test_files_beside_the_kubeconfig_are_read_into_it(tmp_path: Path) -> None:
    for name in ("ca.pem", "me.pem", "me.key"):
        (tmp_path / name).write_text(f"{name}\n")
    user = {"client-certificate": "me.pem", "client-key": str(tmp_path / "me.key")}
    entry = read_context(a_kubeconfig(tmp_path, cluster={"certificate-authority": "ca.pem"}, user=user), "admin@east")
    assert entry.config["tlsClientConfig"] == {
        "caData": encoded("ca.pem\n"),
        "certData": encoded("me.pem\n"),
        "keyData": encoded("me.key\n"),
    }


def test_a_cluster_that_is_not_checked_gets_no_authority(tmp_path: Path) -> None:
    # Argo CD refuses a Secret with both.
    cluster = {"insecure-skip-tls-verify": True, "certificate-authority-data": encoded("PEM")}
    entry = read_context(a_kubeconfig(tmp_path, cluster=cluster), "admin@east")
    assert entry.config["tlsClientConfig"] == {"insecure": True}


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"exec": {"command": "aws"}}, "logs in by a program"),
        ({}, "has no credentials"),
        ({"tokenFile": "gone"}, "gone"),
    ],
)
def test_credentials_that_cannot_be_stored_are_refused(tmp_path: Path, user: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said):
        read_context(a_kubeconfig(tmp_path, user=user), "admin@east")


def test_an_unknown_context_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="it has admin@east"):
        read_context(a_kubeconfig(tmp_path), "west")


def test_the_secret_is_one_that_we_read_ourselves() -> None:
    entry = Entry("https://east.example:6443", {"bearerToken": "s3cret", "tlsClientConfig": {}})
    parsed = ClusterSecret.parse(cluster_secret(entry, "east", Added(project="shop", managed_namespace=["a", "b"])))
    assert (parsed.name, parsed.server, parsed.project) == ("east", "https://east.example:6443", "shop")
    assert parsed.namespaces == ("a", "b")
    assert parsed.config.bearer_token == "s3cret"


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(Problem, match="is no address"):
        cluster_secret(Entry("east", {}), "east", Added())
