"""Where a checkout keeps what the sandbox is made of, and which program plays which part."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
BINARIES = PROJECT / ".build" / "bin"
MATERIAL = PROJECT / "deploy" / "sandbox"


class NotBuilt(RuntimeError):
    """A program of the sandbox is missing; the message says how to get it."""


def part(name: str) -> list[str]:
    """The first words of the command that runs etcd, kube-apiserver, kube-controller-manager or kube-scheduler.

    A program of that name in the folder KUBEBUILDER_ASSETS goes before our own. Raises NotBuilt.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and (Path(assets) / name).is_file():
        return [str(Path(assets) / name)]
    return [str(program("controlplane")), name]


def program(name: str) -> Path:
    """A program that `./dev setup` builds: controlplane, kwok or renderer. Raises NotBuilt."""
    path = BINARIES / name
    if not path.is_file():
        raise NotBuilt(f"{path} is missing: run ./dev setup")
    return path
