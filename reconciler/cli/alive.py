"""`alive ROLE`: whether a process of this host has made progress lately, for probes."""

from __future__ import annotations

import time
from typing import Annotated, Final, Literal

import typer

from reconciler.cli.commands import command
from reconciler.cli.output import say
from reconciler.cli.problems import Problem
from reconciler.settings import Settings

Role = Literal["beat", "worker", "observe", "flower"]
FRESH_S: Final = 30.0


@command("reconciler alive worker")
def alive(role: Annotated[Role, typer.Argument(help="Which process.")]) -> None:
    """Exit code 0 when a process on this host made progress within the last 30 seconds."""
    age_s = silent_for_s(Settings(), role)
    if age_s > FRESH_S:
        raise Problem(f"{role}: no progress for {age_s:.0f} s")
    say(f"{role}: progress {max(0.0, age_s):.0f} s ago")


def silent_for_s(settings: Settings, role: Role) -> float:
    """Seconds since `alive-<role>` in the data folder was touched. Raises Problem when it never was."""
    path = settings.data_dir / f"alive-{role}"
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        mend = "RECONCILER_DATA_DIR must be that of the process"
        raise Problem(f"{role}: never made progress, {path.name} is missing", mend=mend) from None
