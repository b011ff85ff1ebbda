"""Our processes against a control cluster that somebody else runs, with the embedded Valkey where no Redis is given."""

from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.sandbox.processes import ProcessOptions, process_specs
from reconciler.sandbox.supervisor import Supervisor
from reconciler.sandbox.valkey import Valkey, start_valkey


class Outside:
    """One supervisor, and one Valkey if need be. In shadow unless `manage` says otherwise."""

    def __init__(self, folder: Path, *, kubeconfig: Path, redis_url: str | None, manage: str) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.kubeconfig = kubeconfig.resolve()
        self.processes: ProcessOptions | None = None
        self._redis_url, self._manage = redis_url, manage
        self._valkey: Valkey | None = None
        self._supervisor: Supervisor | None = None

    def start(self, on_change: Callable[[Mapping[str, int]], None] | None = None) -> None:
        """Raises NotBuilt, ValkeyError."""
        if self._redis_url is None:
            self._valkey = start_valkey(self.folder / "valkey", durable=True)
        redis_url = self._redis_url or (self._valkey.url if self._valkey else "")
        self.processes = ProcessOptions(redis_url=redis_url, manage=self._manage)
        specs = process_specs(self.processes, self.folder, {"": self.kubeconfig})
        self._supervisor = Supervisor(self.folder, specs, on_change=on_change)
        self._supervisor.start()

    def stop(self) -> None:
        if self._supervisor:
            self._supervisor.stop()
        if self._valkey:
            self._valkey.stop()
