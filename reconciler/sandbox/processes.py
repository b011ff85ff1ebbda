"""Our processes as the sandbox runs them: which, with what environment, as which service account."""

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.sandbox.places import PROJECT, program
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.supervisor import ProcessSpec

START = (
    sys.executable,
    "-c",
    "import sys; from reconciler.cli import main; sys.argv[0] = 'reconciler'; sys.exit(main())",
)

COMMANDS: Mapping[str, str] = {"beat": "beat", "observer": "observe", "api": "api", "flower": "flower"}
ACCOUNTS: Mapping[str, str] = {
    "worker": "reconciler-worker",
    "observe": "reconciler-observer",
    "api": "reconciler-observer",
}
"""Service account by command, as in deploy/base; beat and flower need Redis only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """What every process is told; ports and secrets are made up where none are given."""

    redis_url: str
    manage: str = "all"
    workers: int = 2
    only: tuple[str, ...] = ()
    """Names of the processes to run; empty means all."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """More RECONCILER_* variables, for all of them."""
    root_key: str = field(default_factory=lambda: f"k1:{secrets.token_hex(32)}")
    api_port: int = field(default_factory=free_port)
    flower_port: int = field(default_factory=free_port)
    flower_password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def flower_url(self) -> str:
        return f"http://127.0.0.1:{self.flower_port}"


def environment(options: ProcessOptions, *, data: Path) -> Mapping[str, str]:
    """The settings of one process but for its kubeconfig."""
    return {
        "RECONCILER_MANAGE": options.manage,
        "RECONCILER_REDIS_URL": options.redis_url,
        "RECONCILER_ROOT_KEY": options.root_key,
        "RECONCILER_DATA_DIR": str(data),
        "RECONCILER_RENDERER_PATH": str(program("renderer")),
        "RECONCILER_API_PORT": str(options.api_port),
        "RECONCILER_FLOWER_PORT": str(options.flower_port),
        "RECONCILER_FLOWER_PASSWORD": options.flower_password,
        "RECONCILER_LOG_JSON": "false",
        **options.extra,
    }


def process_specs(options: ProcessOptions, folder: Path, kubeconfigs: Mapping[str, Path]) -> Sequence[ProcessSpec]:
    """What the supervisor shall run. `kubeconfigs`: by service account; under "" the one for everybody else.

    Raises NotBuilt without the renderer.
    """
    commands = {**{f"worker-{number}": "worker" for number in range(1, options.workers + 1)}, **COMMANDS}
    return [
        _spec(name, command, environment(options, data=folder / "data" / name), kubeconfigs)
        for name, command in commands.items()
        if not options.only or name in options.only
    ]


def _spec(name: str, command: str, settings: Mapping[str, str], kubeconfigs: Mapping[str, Path]) -> ProcessSpec:
    own = dict(settings)
    kubeconfig = kubeconfigs.get(ACCOUNTS.get(command, ""), kubeconfigs.get(""))
    if kubeconfig:
        own["RECONCILER_KUBECONFIG"] = str(kubeconfig)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    return ProcessSpec(name, [*START, command], {**inherited, "PYTHONPATH": str(PROJECT), **own})
