"""Fills a control cluster as an administrator of Argo CD would, and gives our processes the rights of deploy/."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.sandbox import fleet
from reconciler.sandbox.api import Api, Json
from reconciler.sandbox.fleet import manifests
from reconciler.sandbox.kubeconfig import Access
from reconciler.sandbox.places import PROJECT
from reconciler.sandbox.waiting import wait_for

NAMESPACE = "argocd"
TOKEN_LIFETIME_S = 30 * 24 * 3600
SECRET_TYPE = "argocd.argoproj.io/secret-type"  # noqa: S105 - a label
PART_OF = "app.kubernetes.io/part-of"
SOPS_KEYS, FLEET_KEYS = "reconciler.dev/sops-keys", "sops-keys"
READING = ("base/accounts.yaml", "base/reading.yaml")
WRITING = ("overlays/writing/writing.yaml",)
KINDS = {"Application": "applications", "ApplicationSet": "applicationsets", "AppProject": "appprojects"}


def prepare_control_cluster(api: Api, *, may_write: bool) -> None:
    """Namespace, CRDs, default project, settings, and the service accounts of deploy/ with the rights it gives them."""
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    deploy = PROJECT / "deploy"
    api.apply_all(manifests(*sorted((deploy / "crds").glob("*-crd.yaml"))))
    wait_for(lambda: _served(api), "the kinds of argoproj.io", timeout_s=30)
    files = READING + (WRITING if may_write else ())
    api.apply_all(_in_namespace(manifests(*(deploy / name for name in files))))
    api.apply(_object("AppProject", "default", annotations={SOPS_KEYS: FLEET_KEYS}, spec=_EVERYTHING))
    api.apply(_object("Secret", FLEET_KEYS, labels={PART_OF: "argocd"}, stringData=dict(fleet.keys())))
    api.apply(_object("ConfigMap", "argocd-cm", labels={PART_OF: "argocd"}, data={}))


def service_account_access(admin: Api, account: str, *, namespace: str = NAMESPACE) -> Access:
    """How a service account of our processes reaches the control cluster."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    answer = admin.request("POST", path, {"spec": {"expirationSeconds": TOKEN_LIFETIME_S}})
    return replace(admin.access, token=answer["status"]["token"])


def cluster_secret(name: str, access: Access) -> Json:
    """A destination cluster as Argo CD stores it."""
    tls = {"caData": base64.b64encode(access.ca_pem.encode()).decode()}
    if access.server_name:
        tls["serverName"] = access.server_name
    config = json.dumps({"bearerToken": access.token, "tlsClientConfig": tls})
    return _secret(f"cluster-{name}", "cluster", {"name": name, "server": access.url, "config": config})


def repository_secret(name: str, url: str, login: tuple[str, str]) -> Json:
    """A Git repository with its login as Argo CD stores it."""
    user, password = login
    return _secret(
        f"repository-{name}", "repository", {"type": "git", "url": url, "username": user, "password": password}
    )


def charts_secret(name: str, url: str, login: tuple[str, str], **more: str) -> Json:
    """A repository of charts with its login as Argo CD stores it."""
    user, password = login
    content = {"type": "helm", "url": url, "username": user, "password": password, **more}
    return _secret(f"charts-{name}", "repository", content)


def webhook_secret(secret: str) -> Json:
    """Argo CD's own Secret, as far as webhooks need it."""
    return _object("Secret", "argocd-secret", labels={PART_OF: "argocd"}, stringData={"webhook.github.secret": secret})


_EVERYTHING: Json = {
    "sourceRepos": ["*"],
    "destinations": [{"server": "*", "namespace": "*"}],
    "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
}


def _secret(name: str, secret_type: str, content: Mapping[str, str]) -> Json:
    return _object("Secret", name, labels={SECRET_TYPE: secret_type}, stringData=dict(content))


def _object(
    kind: str,
    name: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **content: object,
) -> Json:
    version = "argoproj.io/v1alpha1" if kind in KINDS else "v1"
    metadata: Json = {"name": name, "namespace": NAMESPACE, "labels": dict(labels or {})}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _in_namespace(bodies: Iterable[Json]) -> Iterable[Json]:
    """What `kubectl apply -k` would add: the namespace, to objects and to the subjects of bindings."""
    for body in bodies:
        whole = dict(body)
        if not body["kind"].startswith("Cluster"):
            whole["metadata"] = {**body["metadata"], "namespace": NAMESPACE}
        if "subjects" in body:
            whole["subjects"] = [{**subject, "namespace": NAMESPACE} for subject in body["subjects"]]
        yield whole


def _served(api: Api) -> bool:
    listing = api.find("/apis/argoproj.io/v1alpha1") or {"resources": []}
    return set(KINDS.values()) <= {resource["name"] for resource in listing["resources"]}
