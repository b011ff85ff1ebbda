"""Which cluster a command talks to: flags, environment, or the sandbox that runs in this checkout."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from reconciler.cli.problems import Problem
from reconciler.settings import Settings

PREFIX: Final = "RECONCILER_"
SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
CHECKOUT: Final = Path(__file__).resolve().parents[2]
PANEL: Final = "Cluster"


@dataclass(frozen=True, slots=True)
class Where:
    """Flags that every command about the control cluster has."""

    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            help="Else RECONCILER_KUBECONFIG, KUBECONFIG, the sandbox running in this folder, or ~/.kube/config.",
            rich_help_panel=PANEL,
        ),
    ] = None
    context: Annotated[
        str | None, typer.Option(help="Context of the kubeconfig; else its current one.", rich_help_panel=PANEL)
    ] = None
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", help="Control namespace; else argocd.", rich_help_panel=PANEL),
    ] = None


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What `.sandbox/state.json` says of a sandbox: its kubeconfig, and the settings of its processes."""

    folder: Path
    kubeconfig: str
    pid: int
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except OSError:
            return False
        return True


def settings_for(where: Where, environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings of one command, called in `folder`. Raises Problem where no cluster can be told."""
    sandbox = find_sandbox(folder)
    named = str(where.kubeconfig or "") or environ.get(f"{PREFIX}KUBECONFIG") or environ.get("KUBECONFIG")
    if not named and sandbox and not sandbox.is_running:
        mend = "start it with ./dev up, or name another cluster with --kubeconfig"
        raise Problem(f"the sandbox in {sandbox.folder.name} is not running", mend=mend)
    kubeconfig = named or (sandbox.kubeconfig if sandbox else _usual(environ))
    _check_file(kubeconfig)
    own = sandbox.environment if sandbox and sandbox.kubeconfig == kubeconfig else {}
    values = _fields({**own, **environ})
    given = {"kubeconfig": kubeconfig, "context": where.context, "namespace": where.namespace}
    values |= {name: value for name, value in given.items() if value}
    return Settings.model_validate({**_defaults(environ), **values})


def offline_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of a command that talks to no cluster."""
    return Settings.model_validate({**_defaults(environ), **_fields(environ)})


def find_sandbox(folder: Path) -> Sandbox | None:
    """The sandbox of `folder` or the nearest folder above it. Another user's file is not believed."""
    for place in (folder, *folder.parents):
        state = place / ".sandbox" / "state.json"
        try:
            if state.stat().st_uid == os.getuid():
                return _sandbox(state.parent, json.loads(state.read_text()))
        except (FileNotFoundError, NotADirectoryError, PermissionError, ValueError):
            continue
    return None


def _sandbox(folder: Path, state: Mapping[str, Any]) -> Sandbox | None:
    if not state.get("kubeconfig"):
        return None
    return Sandbox(folder, str(state["kubeconfig"]), int(state["pid"]), state.get("environment") or {})


def _check_file(kubeconfig: str) -> None:
    """A path list may name files that are missing, but not only such."""
    if kubeconfig and not any(Path(part).expanduser().is_file() for part in kubeconfig.split(os.pathsep) if part):
        raise Problem(f"kubeconfig {kubeconfig} does not exist", mend="pass --kubeconfig FILE, or set KUBECONFIG")


def _usual(environ: Mapping[str, str]) -> str:
    """What kubectl would take; empty inside a pod, where the service account is meant."""
    if environ.get("KUBERNETES_SERVICE_HOST") and SERVICE_ACCOUNT.exists():
        return ""
    usual = Path(environ.get("HOME", "~")) / ".kube" / "config"
    if not usual.is_file():
        mend = "set KUBECONFIG, pass --kubeconfig FILE, or start the sandbox with ./dev up"
        raise Problem("no cluster to talk to: no kubeconfig was given", mend=mend)
    return str(usual)


def _fields(environ: Mapping[str, str]) -> dict[str, Any]:
    named = {name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX)}
    return {name: value for name, value in named.items() if name in Settings.model_fields}


def _defaults(environ: Mapping[str, str]) -> dict[str, Any]:
    """Places that differ for a person at a shell: a cache of their own, and the renderer of this checkout."""
    home = Path(environ.get("HOME", "."))
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "reconciler"
    built = CHECKOUT / ".build" / "bin" / "renderer"
    return {"data_dir": cache, **({"renderer_path": built} if built.is_file() else {})}
