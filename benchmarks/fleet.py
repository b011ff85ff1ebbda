"""The workload: N Applications of one 2 KB ConfigMap each, from one repository, spread over many cluster URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from reconciler.sandbox import control
from reconciler.sandbox.api import Api, Json
from reconciler.sandbox.kubeconfig import Access

CONFIG_BYTES = 2048
ACCOUNTS_NAMESPACE = "clusters"
RBAC = "rbac.authorization.k8s.io"
READER, DEPLOYER = "bench-reads", "bench-deploys"
THREADS = 8

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Member:
    """One Application with the ConfigMap that it deploys."""

    number: int
    clusters: int

    @property
    def name(self) -> str:
        return f"app-{self.number:05}"

    @property
    def cluster(self) -> str:
        return cluster_name(self.number % self.clusters)

    @property
    def namespace(self) -> str:
        return f"{self.cluster}-{self.name}"

    @property
    def path(self) -> str:
        """Its folder in the repository."""
        return f"apps/{self.number // 100:03}/{self.name}"

    @property
    def file(self) -> str:
        return f"{self.path}/config.yaml"

    @property
    def object_path(self) -> str:
        """Where its ConfigMap lies on the API server."""
        return f"/api/v1/namespaces/{self.namespace}/configmaps/{self.name}"

    def manifest(self, generation: str = "0") -> str:
        """Its ConfigMap as it stands in Git."""
        filler = f"{self.name} ".ljust(64, "x")
        rows = "".join(f"  row-{row:02}: {filler}\n" for row in range((CONFIG_BYTES - 80) // 75))
        head = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {self.name}\ndata:\n"
        return f'{head}  generation: "{generation}"\n{rows}'

    def application(self, repo_url: str, server: str) -> Json:
        """Automated sync with prune and self-heal; nothing that only we understand."""
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": self.name, "namespace": control.NAMESPACE},
            "spec": {
                "project": "default",
                "source": {"repoURL": repo_url, "path": self.path, "targetRevision": "main"},
                "destination": {"server": server, "namespace": self.namespace},
                "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
            },
        }


def cluster_name(number: int) -> str:
    return f"c{number:03}"


def cluster_url(number: int, port: int) -> str:
    """An address of its own for each cluster: all of 127.0.0.0/8 is this machine."""
    return f"https://127.1.{number // 250}.{number % 250 + 1}:{port}"


def members(n: int, clusters: int) -> list[Member]:
    return [Member(number, min(clusters, n)) for number in range(n)]


def repository_files(fleet: Iterable[Member]) -> Mapping[str, str]:
    return {member.file: member.manifest() for member in fleet}


def prepare_clusters(api: Api, count: int, port: int) -> None:
    """One service account a cluster, which may read everything and write where it is bound; and its cluster Secret."""
    api.apply(_namespace(ACCOUNTS_NAMESPACE))
    api.apply_all(_roles())

    def one(number: int) -> None:
        name = cluster_name(number)
        api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _in(ACCOUNTS_NAMESPACE, name)})
        api.apply(control.cluster_secret(name, replace(account(api, name), url=cluster_url(number, port))))

    in_parallel(one, range(count))


def prepare_namespaces(api: Api, fleet: Iterable[Member]) -> None:
    """Every Application's namespace, in which the account of its cluster may write."""

    def one(member: Member) -> None:
        api.create(_namespace(member.namespace))
        api.create(binding(member.namespace, member.cluster))

    in_parallel(one, fleet)


def create_applications(api: Api, fleet: Iterable[Member], repo_url: str, port: int) -> None:
    def one(member: Member) -> None:
        api.create(member.application(repo_url, cluster_url(int(member.cluster[1:]), port)))

    in_parallel(one, fleet)


def account(api: Api, name: str) -> Access:
    """How a service account of the namespace `clusters` reaches the server; flow control applies to it."""
    path = f"/api/v1/namespaces/{ACCOUNTS_NAMESPACE}/serviceaccounts/{name}/token"
    answer = api.request("POST", path, {"spec": {"expirationSeconds": control.TOKEN_LIFETIME_S}})
    return replace(api.access, token=answer["status"]["token"])


def in_parallel(call: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Calls for every item, in a few threads; raises what a call raised."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(call, items))


def _namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _in(namespace: str, name: str) -> Json:
    return {"namespace": namespace, "name": name}


def _roles() -> list[Json]:
    reads = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
    writes = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["create", "patch", "delete"]}
    everyone = {"apiGroup": RBAC, "kind": "Group", "name": f"system:serviceaccounts:{ACCOUNTS_NAMESPACE}"}
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": READER}, "rules": [reads]},
        {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": DEPLOYER}, "rules": [writes]},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": READER},
            "roleRef": _role(READER),
            "subjects": [everyone],
        },
    ]


def binding(namespace: str, cluster: str) -> Json:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": _in(namespace, DEPLOYER),
        "roleRef": _role(DEPLOYER),
        "subjects": [{"kind": "ServiceAccount", **_in(ACCOUNTS_NAMESPACE, cluster)}],
    }


def _role(name: str) -> Json:
    return {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}
