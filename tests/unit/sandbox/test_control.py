import base64
import json

from reconciler.sandbox.control import _in_namespace, cluster_secret, repository_secret
from reconciler.sandbox.kubeconfig import Access

ACCESS = Access(url="https://127.0.0.1:1", token="t0ken", ca_pem="PEM")


def test_a_cluster_is_stored_as_argo_cd_stores_it() -> None:
    secret = cluster_secret("east", ACCESS)
    config = json.loads(secret["stringData"]["config"])
    assert secret["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "cluster"}
    assert (secret["stringData"]["name"], secret["stringData"]["server"]) == ("east", "https://127.0.0.1:1")
    assert config == {"bearerToken": "t0ken", "tlsClientConfig": {"caData": base64.b64encode(b"PEM").decode()}}


def test_a_repository_is_stored_with_its_login() -> None:
    secret = repository_secret("fleet", "http://127.0.0.1:1/fleet.git", ("user", "secret"))
    assert secret["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert secret["stringData"] == {
        "type": "git",
        "url": "http://127.0.0.1:1/fleet.git",
        "username": "user",
        "password": "secret",
    }


def test_rights_get_the_namespace_that_kustomize_would_add() -> None:
    subject = {"kind": "ServiceAccount", "name": "reconciler-worker"}
    role, cluster_role, binding = _in_namespace(
        [
            {"kind": "Role", "metadata": {"name": "a"}},
            {"kind": "ClusterRole", "metadata": {"name": "b"}},
            {"kind": "ClusterRoleBinding", "metadata": {"name": "c"}, "subjects": [subject]},
        ]
    )
    assert role["metadata"] == {"name": "a", "namespace": "argocd"}
    assert cluster_role["metadata"] == {"name": "b"}
    assert binding["subjects"] == [{**subject, "namespace": "argocd"}]
