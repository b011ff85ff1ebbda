"""Everything a scenario stands on: one API server that plays all clusters, Git, Valkey, and our processes beside it."""

from __future__ import annotations

import secrets
import shutil
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import fleet
from benchmarks.calls import CallLog
from benchmarks.measure import Usage
from benchmarks.probes import Probes
from benchmarks.wire import APPLICATIONS
from reconciler.sandbox import control
from reconciler.sandbox.api import Api, ApiError
from reconciler.sandbox.controlplane import ControlPlane, ControlPlaneOptions, start_control_plane
from reconciler.sandbox.gitserver import GitServer, start_git_server
from reconciler.sandbox.kubeconfig import write_kubeconfig
from reconciler.sandbox.places import PROJECT
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.processes import ACCOUNTS, ProcessOptions, process_specs
from reconciler.sandbox.pushhook import Hook, Push, deliver
from reconciler.sandbox.supervisor import ProcessSpec, Supervisor
from reconciler.sandbox.valkey import Valkey, start_valkey
from reconciler.sandbox.waiting import wait_for

FOLDER = PROJECT / ".cache" / "bench"
REPOSITORY = "fleet"
POLICY = Path(__file__).with_name("audit-policy.yaml")
START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RigOptions:
    clusters: int = 20
    workers: int = 2
    settings: Mapping[str, str] = field(default_factory=dict)
    """More RECONCILER_* variables for our processes."""


@dataclass(slots=True)
class Rig:
    """Running servers; our processes come and go with `start_processes` and `stop_processes`."""

    folder: Path
    options: RigOptions
    plane: ControlPlane
    valkey: Valkey
    git: GitServer
    hook: Hook
    supervisor: Supervisor | None = None
    _metrics_ports: dict[str, int] = field(default_factory=dict)
    _root_key: str = field(default_factory=lambda: f"k1:{secrets.token_hex(32)}")

    @property
    def repo_url(self) -> str:
        return self.git.repo_url(REPOSITORY)

    @property
    def calls(self) -> CallLog:
        """Everything that was asked of the API server so far."""
        return CallLog(self.plane.audit_log, self.plane.api)

    def probes(self) -> Probes:
        return Probes.prepare(self.plane.api, self.git, self.folder)

    def load(self, members: Sequence[fleet.Member], files: Mapping[str, str] | None = None) -> None:
        """The fleet's repository and namespaces; its Applications come later. `files`: other than one a member."""
        self.git.create(REPOSITORY, files or fleet.repository_files(members))
        self.plane.api.apply(control.repository_secret(REPOSITORY, self.repo_url, ("", "")))
        fleet.prepare_namespaces(self.plane.api, members)

    def deploy(self, members: Sequence[fleet.Member]) -> None:
        """Creates the Applications."""
        fleet.create_applications(self.plane.api, members, self.repo_url, self.plane.port)

    def push(self, files: Mapping[str, str], message: str) -> float:
        """Commits to the fleet's repository and sends the signed event; the moment before, on the monotonic clock."""
        repository, ref = self.git.repository(REPOSITORY), "refs/heads/main"
        before = repository.refs()[ref]
        after = repository.commit(files, message)
        changes = repository.changes(before, after)
        push = Push(repo_url=self.repo_url, default_branch="main", ref=ref, before=before, after=after, changes=changes)
        started = time.monotonic()
        if (status := deliver(self.hook, push)) >= 300:
            raise RuntimeError(f"the webhook answered {status}")
        return started

    def start_processes(self) -> None:
        """Starts ours and waits until each answers. Raises TimeoutError, NotBuilt."""
        specs = [self._measured(spec) for spec in self._specs()]
        self.supervisor = Supervisor(self.folder, specs)
        self.supervisor.start()
        wait_for(self._all_answer, f"our processes (logs in {self.folder})", timeout_s=START_TIMEOUT_S, every_s=0.1)

    def stop_processes(self) -> None:
        if self.supervisor:
            self.supervisor.stop()
            self.supervisor = None

    def stop(self) -> None:
        self.stop_processes()
        self.git.stop()
        self.valkey.kill()
        self.plane.stop()

    def used(self) -> Usage:
        """CPU and memory of our processes and Valkey."""
        ours = self.supervisor.pids.values() if self.supervisor else ()
        return Usage.of([*ours, self.valkey.pid])

    def cpu_by_process(self) -> Mapping[str, float]:
        """Seconds of CPU of each of our processes with its children, and of Valkey."""
        ours = self.supervisor.pids if self.supervisor else {}
        return {name: Usage.of([pid]).cpu_s for name, pid in {**ours, "valkey": self.valkey.pid}.items()}

    def used_by_server(self) -> Usage:
        """CPU and memory of the API server and etcd."""
        return Usage.of(self.plane.pids.values())

    def counters(self) -> Counter[str]:
        """The counters of our workers by name, summed over workers and labels. Raises OSError."""
        total: Counter[str] = Counter()
        for port in self._metrics_ports.values():
            total.update(dict(_counters(_page(f"http://127.0.0.1:{port}/metrics"))))
        return total

    def _specs(self) -> Sequence[ProcessSpec]:
        own = self.options
        extra = {"RECONCILER_LOG_LEVEL": "WARNING", **own.settings}
        names = ("beat", "observer", "api", *(f"worker-{number}" for number in range(1, own.workers + 1)))
        processes = ProcessOptions(
            redis_url=self.valkey.url, workers=own.workers, only=names, extra=extra, root_key=self._root_key
        )
        self.hook = replace(self.hook, url=f"{processes.api_url}/api/webhook")
        kubeconfigs = {account: self._kubeconfig(account) for account in set(ACCOUNTS.values())}
        return process_specs(processes, self.folder, kubeconfigs)

    def _measured(self, spec: ProcessSpec) -> ProcessSpec:
        """Workers say what they did on a port of their own."""
        if not spec.name.startswith("worker"):
            return spec
        port = self._metrics_ports.setdefault(spec.name, free_port())
        return replace(spec, env={**spec.env, "RECONCILER_METRICS_PORT": str(port)})

    def _kubeconfig(self, account: str) -> Path:
        access = control.service_account_access(self.plane.api, account)
        path = self.folder / f"{account}.kubeconfig"
        return write_kubeconfig(path, {"control": access}, namespace=control.NAMESPACE)

    def _all_answer(self) -> bool:
        addresses = [f"http://127.0.0.1:{port}/metrics" for port in self._metrics_ports.values()]
        try:
            return all(map(_page, [*addresses, self.hook.url.replace("/api/webhook", "/healthz")]))
        except OSError:
            return False


@contextmanager
def a_rig(options: RigOptions) -> Iterator[Rig]:
    """Servers with a filled control cluster and cluster Secrets, none of our processes yet; ends all of it."""
    folder = FOLDER / secrets.token_hex(4)
    folder.mkdir(parents=True, mode=0o700)
    plane = start_control_plane(folder / "plane", _plane_options(folder))
    valkey, git = start_valkey(folder / "valkey"), start_git_server(folder / "git")
    rig = Rig(folder, options, plane, valkey, git, Hook("", secrets.token_urlsafe(24)))
    try:
        control.prepare_control_cluster(plane.api, may_write=True)
        wait_for(lambda: _lists_applications(plane.api), "the storage of Applications", timeout_s=START_TIMEOUT_S)
        plane.api.apply(control.webhook_secret(rig.hook.secret))
        fleet.prepare_clusters(plane.api, options.clusters, plane.port)
        yield rig
    except BaseException:
        rig.stop()
        raise  # the folder stays: it holds the logs that say why
    rig.stop()
    shutil.rmtree(folder)


def _plane_options(folder: Path) -> ControlPlaneOptions:
    # Written beside the requests, not before their answers: the log must not slow down what it counts.
    log = folder / "plane" / "audit.log"
    flags = (f"--audit-policy-file={POLICY}", f"--audit-log-path={log}", "--audit-log-mode=batch")
    return ControlPlaneOptions(
        name="bench", bind_all=True, audit=False, apiserver_flags=(*flags, "--audit-log-maxsize=1000000")
    )


def _lists_applications(api: Api) -> bool:
    try:
        return "items" in api.get(APPLICATIONS)
    except ApiError as error:
        if error.code == 429:  # the storage of a new kind is being set up
            return False
        raise


def _page(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def _counters(page: str) -> Iterator[tuple[str, int]]:
    totals: Counter[str] = Counter()
    for line in page.splitlines():
        name = line.partition("{")[0].partition(" ")[0]
        if name.endswith("_total"):
            totals[name] += round(float(line.rpartition(" ")[2]))
    yield from totals.items()
