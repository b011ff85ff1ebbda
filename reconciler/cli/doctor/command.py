"""The command: every check after the other, each for itself, so that a broken part does not hide the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Final

import typer

from reconciler.cli.commands import command
from reconciler.cli.control import Control, connect, now
from reconciler.cli.doctor.control_plane import check_kinds, check_rights
from reconciler.cli.doctor.finding import Finding, fail
from reconciler.cli.doctor.reach import check_clusters, check_git
from reconciler.cli.doctor.rivals import check_managers, check_workloads
from reconciler.cli.doctor.tools import check_plugins, check_redis, check_renderer, check_root_key
from reconciler.cli.output import OutputOption, dump, verdict
from reconciler.cli.problems import FAILED
from reconciler.cli.where import Where
from reconciler.errors import ReconcilerError

Check = Callable[[], Iterable[Finding]]
SUBJECTS: Final[Mapping[str, str]] = {
    "kinds": "CustomResourceDefinitions",
    "rights": "rights",
    "rivals": "rival controllers",
    "writers": "writers of Applications",
    "clusters": "destination clusters",
    "git": "repositories",
    "redis": "Redis",
    "key": "root key",
    "renderer": "renderer",
}


@command("reconciler doctor", "reconciler doctor --without-redis", "reconciler doctor -o json")
def doctor(
    where: Where,
    output: OutputOption = "text",
    without_redis: Annotated[
        bool, typer.Option("--without-redis", help="Redis cannot be reached from here: leave it out.")
    ] = False,
) -> None:
    """Check Redis, rights, Git, clusters, rival controllers and the renderer; exit code 1 when something is broken."""
    with connect(where) as control:
        findings = list(examine(control, with_redis=not without_redis))
    if output != "text":
        dump([finding.to_json() for finding in findings], output)
    else:
        for item in findings:
            verdict(item.level, item.subject, item.said, item.mend)
    if any(item.level == "fail" for item in findings):
        raise typer.Exit(FAILED)


def examine(control: Control, *, with_redis: bool) -> Iterator[Finding]:
    """All findings, one part after the other."""
    checks: Mapping[str, Check] = {
        "kinds": lambda: check_kinds(control),
        "rights": lambda: check_rights(control),
        "rivals": lambda: check_workloads(control),
        "writers": lambda: check_managers(control, now=now()),
        "clusters": lambda: check_clusters(control),
        "git": lambda: check_git(control),
        "redis": lambda: check_redis(control.settings) if with_redis else (),
        "key": lambda: check_root_key(control.settings),
        "renderer": lambda: check_renderer(control.settings),
        "plugins": lambda: check_plugins(control.settings),
    }
    for name, check in checks.items():
        try:
            yield from check()
        except ReconcilerError as error:
            yield fail(SUBJECTS[name], str(error), "mend this first, then run the doctor again")
