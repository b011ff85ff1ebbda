"""Secrets are decoded as Argo CD writes them, and never shown."""

import pytest

from reconciler.errors import SpecError
from reconciler.models.secrets import ClusterSecret, RepositorySecret
from tests.unit.models.given import cluster_secret, encoded, secret

TLS = {"insecure": True, "serverName": "c1", "caData": encoded("CA"), "certData": encoded("C"), "keyData": encoded("K")}


def test_a_cluster_secret_is_decoded() -> None:
    config = {"bearerToken": "hunter2", "tlsClientConfig": TLS, "awsAuthConfig": None, "ofTomorrow": 1}
    cluster = ClusterSecret.parse(
        cluster_secret(config, name="one", namespaces="a, b,", clusterResources="true", project="shop", shard="3")
    )
    assert (cluster.name, cluster.server) == ("one", "https://c1:6443")
    assert cluster.namespaces == ("a", "b")
    assert cluster.cluster_resources
    assert cluster.project == "shop"
    assert cluster.shard == 3
    assert cluster.config.bearer_token == "hunter2"
    assert cluster.config.tls.insecure
    assert (cluster.config.tls.ca_pem, cluster.config.tls.certificate_pem, cluster.config.tls.key_pem) == (
        b"CA",
        b"C",
        b"K",
    )


def test_a_cluster_secret_without_config_has_no_credentials() -> None:
    cluster = ClusterSecret.parse(secret("cluster", server="https://c1"))
    assert cluster.config.bearer_token is None
    assert not cluster.config.tls.insecure
    assert cluster.shard is None
    assert not cluster.skip_reconcile


def test_an_annotation_pauses_a_cluster() -> None:
    obj = cluster_secret({})
    obj["metadata"]["annotations"] = {"argocd.argoproj.io/skip-reconcile": "true"}
    assert ClusterSecret.parse(obj).skip_reconcile


def test_no_repr_shows_a_secret() -> None:
    config = {
        **dict.fromkeys(("username", "password", "bearerToken", "proxyUrl"), "hunter2"),
        "tlsClientConfig": {"keyData": encoded("hunter2")},
        "execProviderConfig": {"env": {"A": "hunter2"}},
    }
    assert "hunter2" not in repr(ClusterSecret.parse(cluster_secret(config)))
    keys = "username password bearerToken sshPrivateKey tlsClientCertData tlsClientCertKey githubAppPrivateKey"
    keys += " gcpServiceAccountKey azureServicePrincipalClientSecret proxy"
    repository = RepositorySecret.parse(secret("repository", url="https://r", **dict.fromkeys(keys.split(), "hunter2")))
    assert repository.password == "hunter2"
    assert "hunter2" not in repr(repository)


def test_a_repository_secret_is_decoded() -> None:
    repository = RepositorySecret.parse(
        secret(
            "repository", url="https://r", githubAppID="12", enableOCI="true", enableLfs="false", depth="1", type="helm"
        )
    )
    assert (repository.url, repository.type, repository.depth, repository.github_app_id) == ("https://r", "helm", 1, 12)
    assert repository.enable_oci
    assert not repository.enable_lfs
    assert not repository.is_template


def test_credential_templates_spell_two_azure_keys_differently() -> None:
    made = RepositorySecret.parse(
        secret("repo-creds", url="https://r", azureServicePrincipalClientID="c", azureServicePrincipalTenantID="t")
    )
    assert (made.azure_service_principal_client_id, made.azure_service_principal_tenant_id) == ("c", "t")
    assert made.is_template


def test_data_cannot_pretend_to_be_metadata() -> None:
    forged = {"labels": "x", "namespace": "kube-system", "secretName": "x", "uid": "x", "resourceVersion": "x"}
    made = RepositorySecret.parse(secret("repository", url="https://r", **forged))
    assert (made.secret_name, made.namespace, made.uid) == ("s", "argocd", "")
    assert made.secret_type == "repository"


def test_string_data_counts_as_data() -> None:
    assert RepositorySecret.parse({"stringData": {"url": "https://r"}}).url == "https://r"


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (secret("cluster", name="one"), "Secret argocd/s: server is required"),
        (secret("cluster", server="https://c1", config="{hunter2"), "Secret argocd/s: config Invalid JSON"),
        (cluster_secret({"bearerToken": 5}), r"Secret argocd/s: config\.bearerToken must be a string"),
        (cluster_secret({"tlsClientConfig": {"caData": "hunter2!"}}), "must be base64"),
        (cluster_secret({}, clusterResources="hunter2"), "clusterResources .*must be true or false"),
        (cluster_secret({}, shard="hunter2"), "shard .*must be a whole number"),
        ({"kind": "Secret", "data": {"url": "%"}}, r"Secret: data\.url is not base64"),
    ],
)
def test_a_broken_secret_is_an_error_that_names_the_key_and_shows_nothing(obj: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        ClusterSecret.parse(obj)
    assert "hunter2" not in str(caught.value)
