"""A real Kubernetes control plane in a folder: etcd and kube-apiserver, and what makes Deployments ready on request."""

import datetime
import secrets
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.sandbox import flags
from reconciler.sandbox.api import Api
from reconciler.sandbox.certificates import make_certificates
from reconciler.sandbox.children import Child, start_child
from reconciler.sandbox.kubeconfig import Access, write_kubeconfig, write_private
from reconciler.sandbox.places import part, program
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.waiting import wait_for

ADMIN, CONTROLLERS, MASTERS = "sandbox-admin", "sandbox-controllers", "system:masters"
SERVER_NAME = "kubernetes.default.svc"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - asked for by name, for benchmarks
START_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class TokenUser:
    """A user who is known by a token. RBAC gives rights to the name and the groups; `system:masters` may everything."""

    token: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlaneOptions:
    name: str = "sandbox"
    tokens: Mapping[str, TokenUser] = field(default_factory=dict)
    """More users, by name, beside the administrator."""
    with_controllers: bool = False
    """Run controller-manager, scheduler and kwok too: namespaces end, garbage goes, pods become ready."""
    nodes: int = 1
    """Nodes that kwok plays, where there are controllers."""
    bind_all: bool = False
    """Answer on every address of the machine: then https://127.1.x.y:PORT are many clusters to a client that expects
    SERVER_NAME in the certificate."""
    audit: bool = True
    apiserver_flags: tuple[str, ...] = ()


class ControlPlane:
    """One running control plane. Its port, tokens and certificates stay the same however often it is restarted."""

    def __init__(self, folder: Path, options: ControlPlaneOptions) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.options = options
        self._address = EVERY_ADDRESS if options.bind_all else "127.0.0.1"
        self.port = free_port(self._address)
        self.url = f"https://127.0.0.1:{self.port}"
        self.admin_token = secrets.token_urlsafe(24)
        self.audit_log = self.folder / "audit.log"
        self._certificates = make_certificates(self.folder, now=datetime.datetime.now(datetime.UTC))
        self.ca_pem = self._certificates.ca.read_text()
        self._children: dict[str, Child] = {}
        self._controllers_token = secrets.token_urlsafe(24)
        self._write_tokens()
        admin, controllers = self.access(ADMIN), self.access(CONTROLLERS)
        self.kubeconfig_path = write_kubeconfig(self.folder / "kubeconfig", {options.name: admin})
        self._controllers_kubeconfig = write_kubeconfig(self.folder / "controllers.kubeconfig", {"self": controllers})
        self.api = Api(admin)

    def access(self, user: str = ADMIN, *, url: str | None = None) -> Access:
        """How `user` reaches this server, at another of its addresses on request. Raises KeyError for a stranger."""
        return Access(url=url or self.url, token=self._users()[user].token, ca_pem=self.ca_pem, server_name=SERVER_NAME)

    def start(self) -> None:
        """Start every part and wait until they serve. Raises ControlPlaneError with the part's last words."""
        self._run("etcd", [*part("etcd"), *flags.etcd(self.folder / "etcd")])
        self._run("kube-apiserver", [*part("kube-apiserver"), *self._apiserver_flags()])
        self._wait_until_ready()
        if self.options.with_controllers:
            self._start_controllers()

    def kill(self) -> None:
        """SIGKILL to every part; what etcd holds stays in the folder."""
        for child in reversed(self._children.values()):
            child.kill()
        self._children.clear()

    stop = kill  # nothing here is worth a graceful end: the folder is thrown away, and a restart reads it as it is

    def restart(self, *, empty: bool = False) -> None:
        """Kill and start again at the same address; `empty`: as a new cluster, with nothing in it."""
        self.kill()
        if empty:
            shutil.rmtree(self.folder / "etcd")
        self.start()

    def pause(self) -> None:
        """Make the API server a black hole: connections are taken and nothing is answered."""
        self._children["kube-apiserver"].signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._children["kube-apiserver"].signal(signal.SIGCONT)

    @property
    def pids(self) -> Mapping[str, int]:
        """Process ids by part."""
        return {name: child.pid for name, child in self._children.items()}

    def _users(self) -> Mapping[str, TokenUser]:
        own = {
            ADMIN: TokenUser(self.admin_token, (MASTERS,)),
            CONTROLLERS: TokenUser(self._controllers_token, (MASTERS,)),
        }
        return {**self.options.tokens, **own}

    def _write_tokens(self) -> None:
        rows = (f'{u.token},{name},{name},"{",".join(u.groups)}"\n' for name, u in self._users().items())
        write_private(self.folder / "tokens.csv", "".join(rows))

    def _apiserver_flags(self) -> list[str]:
        tokens = self.folder / "tokens.csv"
        own = flags.apiserver(self._certificates, address=self._address, port=self.port, tokens=tokens)
        return own + (flags.audit(self.audit_log) if self.options.audit else []) + list(self.options.apiserver_flags)

    def _run(self, name: str, argv: list[str]) -> None:
        self._children[name] = start_child(name, argv, folder=self.folder)

    def _wait_until_ready(self) -> None:
        def ready() -> bool:
            for child in self._children.values():
                if child.exit_code is not None:
                    raise ControlPlaneError(f"{child.name} exited with {child.exit_code}: {child.last_words()}")
            return self.api.ready()

        try:
            wait_for(ready, f"kube-apiserver at {self.url}", timeout_s=START_TIMEOUT_S, every_s=0.1)
        except TimeoutError as error:
            words = self._children["kube-apiserver"].last_words()
            raise ControlPlaneError(f"{error}; its last words: {words}") from error

    def _start_controllers(self) -> None:
        kubeconfig, certificates = self._controllers_kubeconfig, self._certificates
        manager = flags.controller_manager(kubeconfig, certificates)
        self._run("kube-controller-manager", [*part("kube-controller-manager"), *manager])
        self._run("kube-scheduler", [*part("kube-scheduler"), *flags.scheduler(kubeconfig)])
        for number in range(self.options.nodes):
            self.api.apply(_node(f"node-{number}"))
        self._run("kwok", [str(program("kwok")), *flags.kwok(kubeconfig)])


class ControlPlaneError(RuntimeError):
    """A control plane could not be started."""


def start_control_plane(folder: Path, options: ControlPlaneOptions | None = None) -> ControlPlane:
    """Start a control plane in `folder` (created, 0700) and wait until it serves.

    Raises NotBuilt, ControlPlaneError.
    """
    plane = ControlPlane(folder, options or ControlPlaneOptions())
    try:
        plane.start()
    except BaseException:
        plane.stop()
        raise
    return plane


def _node(name: str) -> dict[str, object]:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "kwok"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
