"""`app list`: every Application with its verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import typer

from reconciler.cli.app.words import conditions_line, place, policy_line, revision_of, source_line
from reconciler.cli.commands import command
from reconciler.cli.control import connect
from reconciler.cli.output import dump, note, say, table
from reconciler.cli.where import Where
from reconciler.clusters import Selector
from reconciler.models.application import Application

COLUMNS = ("NAME", "PROJECT", "DESTINATION", "SYNC", "HEALTH", "REVISION", "CONDITIONS")
WIDE = (*COLUMNS, "POLICY", "SOURCE")


@dataclass(frozen=True, slots=True)
class Which:
    """Which Applications, and how to show them."""

    selector: Annotated[str, typer.Option("--selector", "-l", help="Label selector, such as team=shop.")] = ""
    project: Annotated[str | None, typer.Option("--project", "-p", help="Only those of this project.")] = None
    output: Annotated[
        Literal["text", "wide", "name", "json", "yaml"], typer.Option("--output", "-o", help="How to print them.")
    ] = "text"


@command("reconciler app list", "reconciler app list -l team=shop -o wide", "reconciler app list -o json")
def listing(where: Where, which: Which) -> None:
    """List Applications with their verdicts."""
    with connect(where) as control:
        found = control.catalog.applications(select=Selector(labels=which.selector))
        apps = sorted((app for app in found if which.project in (None, app.spec.project)), key=lambda app: app.key)
        if which.output in ("json", "yaml"):
            dump([app.to_json() for app in apps], "json" if which.output == "json" else "yaml")
        elif which.output == "name":
            say(*(app.key.name for app in apps))
        elif not apps:
            note(f"no Applications in namespace {control.settings.namespace}")
        else:
            wide = which.output == "wide"
            table(WIDE if wide else COLUMNS, (_row(app, wide=wide) for app in apps))


def _row(app: Application, *, wide: bool) -> tuple[str, ...]:
    status, sources = app.status, app.spec.all_sources
    row = (
        app.key.name,
        app.spec.project,
        place(app.spec.destination),
        status.sync.status or "Unknown",
        status.health.status or "Unknown",
        revision_of(app),
        conditions_line([item.type for item in status.conditions]),
    )
    return (*row, policy_line(app), "; ".join(map(source_line, sources))) if wide else row
