"""The whole sandbox: a control cluster, destination clusters, Git with the sample fleet, Valkey, and our processes."""

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.sandbox import control, fleet
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane, ControlPlaneOptions, TokenUser
from reconciler.sandbox.gitserver import GitServer, start_git_server
from reconciler.sandbox.kubeconfig import write_kubeconfig
from reconciler.sandbox.packages import Packages
from reconciler.sandbox.processes import ACCOUNTS, ProcessOptions, process_specs
from reconciler.sandbox.pushhook import Hook
from reconciler.sandbox.supervisor import Supervisor
from reconciler.sandbox.valkey import Valkey, start_valkey

CONTROL = "control"
DEPLOYER = "reconciler"
"""The user as whom we reach destination clusters; their audit logs know us by this name."""
REPOSITORY = "fleet"
APPLICATIONS = f"/apis/argoproj.io/v1alpha1/namespaces/{control.NAMESPACE}/applications"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    manage: str = "all"
    destinations: tuple[str, ...] = ("east", "west")
    with_controllers: bool = True
    """Destinations on which workloads become ready."""
    with_fleet: bool = True
    """Create the Applications of the sample fleet; its repository is there in any case."""
    workers: int = 2
    only: tuple[str, ...] = ()
    """Names of the processes to run: beat, worker-1, observer, api, flower ...; empty means all."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """More RECONCILER_* variables for our processes."""
    push_events: bool = True
    """Whether the Git server tells our webhook about pushes."""


class Sandbox:
    """One running sandbox in a folder. `stop` ends all of it; should this process die, everything dies with it."""

    def __init__(self, folder: Path, options: SandboxOptions, say: Say) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.options = options
        self._say = say
        self.git_login = ("sandbox", secrets.token_urlsafe(12))
        self._planes: dict[str, ControlPlane] = {}
        self.packages = Packages()
        self._git: GitServer | None = None
        self._valkey: Valkey | None = None
        self.supervisor: Supervisor | None = None
        self.processes: ProcessOptions | None = None

    @property
    def control(self) -> ControlPlane:
        return self._planes[CONTROL]

    @property
    def destinations(self) -> Mapping[str, ControlPlane]:
        return {name: self._planes[name] for name in self.options.destinations}

    @property
    def git(self) -> GitServer:
        assert self._git is not None, "the Git server was not started"
        return self._git

    @property
    def valkey(self) -> Valkey:
        assert self._valkey is not None, "Valkey was not started"
        return self._valkey

    def start(self, on_change: Callable[[Mapping[str, int]], None] | None = None) -> None:
        """Start everything, stage by stage; `on_change` is told the process ids of our processes.

        Raises NotBuilt, ControlPlaneError, ValkeyError, ApiError.
        """
        self._say(f"starting {1 + len(self.options.destinations)} clusters")
        self._start_planes()
        self._say("starting Valkey and the servers of Git and of charts")
        self._valkey = start_valkey(self.folder / "valkey")
        self._git = start_git_server(self.folder / "git", credentials=self.git_login)
        self._git.create(REPOSITORY, fleet.repository_files())
        self.packages.start()
        self._say("filling the control cluster")
        self._fill_clusters()
        self._say("starting our processes")
        self._start_processes(on_change)
        if self.options.with_fleet:
            self.control.api.apply_all(self.applications())
            self.control.api.apply_all(fleet.application_sets(self.git.repo_url(REPOSITORY)))

    def stop(self) -> None:
        """End everything: our processes gracefully, servers at once."""
        if self.supervisor:
            self.supervisor.stop()
        self.packages.stop()
        if self._git:
            self._git.stop()
        if self._valkey:
            self._valkey.kill()
        for plane in self._planes.values():
            plane.stop()

    def applications(self) -> list[Json]:
        """The Applications of the sample fleet, with the addresses of this sandbox."""
        servers = {name: plane.url for name, plane in self.destinations.items()}
        return fleet.applications({"repository": self.git.repo_url(REPOSITORY), **self.packages.addresses}, servers)

    def unconverged(self) -> Mapping[str, str]:
        """What still keeps each Application from being Synced and Healthy, by name; empty when all are."""
        items = self.control.api.get(APPLICATIONS)["items"]
        states = {item["metadata"]["name"]: state_of(item) for item in items}
        states |= dict.fromkeys(self._awaited() - states.keys(), "not generated yet")
        return {name: state for name, state in states.items() if state != "Synced, Healthy"}

    def _awaited(self) -> frozenset[str]:
        """What the sample ApplicationSets will make of a repository and clusters as they are at the start."""
        if not self.options.with_fleet or self.options.manage == "shadow":
            return frozenset()
        services = {path.split("/")[1] for path in fleet.repository_files() if path.startswith("services/")}
        return frozenset({*(f"service-{name}" for name in services), *(f"agent-{name}" for name in self.destinations)})

    def _start_planes(self) -> None:
        deployers = {DEPLOYER: TokenUser(secrets.token_urlsafe(24), (DEPLOYER,))}
        destination = ControlPlaneOptions(tokens=deployers, with_controllers=self.options.with_controllers, nodes=2)
        options = {CONTROL: ControlPlaneOptions(name=CONTROL)}
        options |= {name: replace(destination, name=name) for name in self.options.destinations}
        self._planes = {name: ControlPlane(self.folder / name, own) for name, own in options.items()}
        with ThreadPoolExecutor(max_workers=len(self._planes)) as pool:
            list(pool.map(ControlPlane.start, self._planes.values()))

    def _fill_clusters(self) -> None:
        api, secret = self.control.api, secrets.token_urlsafe(24)
        control.prepare_control_cluster(api, may_write=self.options.manage != "shadow")
        for name, plane in self.destinations.items():
            plane.api.apply(_full_rights(DEPLOYER))
            api.apply(control.cluster_secret(name, plane.access(DEPLOYER)))
        api.apply(control.repository_secret(REPOSITORY, self.git.repo_url(REPOSITORY), self.git_login))
        api.apply_all(self.packages.secrets())
        api.apply(control.webhook_secret(secret))
        self._webhook_secret = secret

    def _start_processes(self, on_change: Callable[[Mapping[str, int]], None] | None) -> None:
        own = self.options
        self.processes = ProcessOptions(
            redis_url=self.valkey.url, manage=own.manage, workers=own.workers, only=own.only, extra=own.settings
        )
        kubeconfigs = {account: self._account_kubeconfig(account) for account in set(ACCOUNTS.values())}
        self.supervisor = Supervisor(
            self.folder, process_specs(self.processes, self.folder, kubeconfigs), on_change=on_change
        )
        self.supervisor.start()
        if own.push_events:
            self.git.hook = Hook(f"{self.processes.api_url}/api/webhook", self._webhook_secret)

    def _account_kubeconfig(self, account: str) -> Path:
        access = control.service_account_access(self.control.api, account)
        path = self.folder / f"{account}.kubeconfig"
        return write_kubeconfig(path, {CONTROL: access}, namespace=control.NAMESPACE)


def state_of(application: Json) -> str:
    """Sync and health as one phrase, with the first condition or message where there is one."""
    status = application.get("status", {})
    sync, health = status.get("sync", {}).get("status", "Unknown"), status.get("health", {}).get("status", "Unknown")
    conditions = [f"{c['type']}: {c['message']}" for c in status.get("conditions", [])]
    message = status.get("operationState", {}).get("message", "")
    settled = (sync, health) == ("Synced", "Healthy")
    return ", ".join([sync, health, *([] if settled else [*conditions, message][:1])]).removesuffix(", ")


def start_sandbox(folder: Path, options: SandboxOptions | None = None, *, say: Say = lambda _: None) -> Sandbox:
    """Start a sandbox in `folder`; it has not converged yet when this returns. See Sandbox.start for what it raises."""
    sandbox = Sandbox(folder, options or SandboxOptions(), say)
    try:
        sandbox.start()
    except BaseException:
        sandbox.stop()
        raise
    return sandbox


def _full_rights(group: str) -> Json:
    rbac = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"{group}-full-rights"},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": rbac, "kind": "Group", "name": group}],
    }
