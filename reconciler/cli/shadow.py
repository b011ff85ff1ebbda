"""`shadow report`: what we would do if we were allowed to, beside what stands in each Application's status.

Reads only: get, list and watch, and Git.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.commands import command, group
from reconciler.cli.control import Control, connect, now
from reconciler.cli.output import OutputOption, dump, note, say
from reconciler.cli.verdicts import Report, report_on
from reconciler.cli.where import Where
from reconciler.clusters import Selector
from reconciler.models.application import Application
from reconciler.services import Readers, build_readers

AT_ONCE = 8

shadow = group("Look without touching.", {"report": "reconciler.cli.shadow:report"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which Applications to report on."""

    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]", help="Else all of them.")] = None
    selector: Annotated[str, typer.Option("--selector", "-l", help="Label selector.")] = ""
    project: Annotated[str | None, typer.Option("--project", "-p", help="Only those of this project.")] = None
    different: Annotated[
        bool, typer.Option("--different", help="Only those where we judge otherwise, or would write.")
    ] = False


@command("reconciler shadow report", "reconciler shadow report --different", "reconciler shadow report -p shop -o json")
def report(where: Where, chosen: Chosen, output: OutputOption = "text") -> None:
    """Compare Applications from here and list, for each, the verdict found, ours, every write we would do, and why."""
    with connect(where) as control:
        apps = selected(control, chosen)
        reports = [found for found in judged(control, apps) if not chosen.different or found.is_remarkable]
        if output != "text":
            dump([found.to_json() for found in reports], output)
        else:
            say(*(line for found in reports for line in found.lines()))
        note(tally(reports))


def selected(control: Control, chosen: Chosen) -> Sequence[Application]:
    """The Applications that the flags name, by name."""
    if chosen.names:
        return [control.application(name) for name in chosen.names]
    found = control.catalog.applications(select=Selector(labels=chosen.selector))
    return sorted((app for app in found if chosen.project in (None, app.spec.project)), key=lambda app: app.key)


def judged(control: Control, apps: Sequence[Application]) -> Iterator[Report]:
    """One report each, in order, some at a time."""
    settings = control.settings
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    # As if we were allowed to write: a plan is made, and nobody carries it out.
    readers = build_readers(settings.model_copy(update={"manage": "all"}))
    try:
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            yield from pool.map(lambda app: _report(app, readers), apps)
    finally:
        readers.close()


def tally(reports: Sequence[Report]) -> str:
    """The sum of it, in one line."""
    definite = sum(found.is_definite for found in reports)
    agreeing = sum(found.agrees for found in reports)
    writes = sum(len(found.steps) for found in reports)
    share = f"{100 * definite / len(reports):.1f} %" if reports else "none"
    return f"{len(reports)} applications, {share} with a definite verdict, {agreeing} as found, {writes} writes pending"


def _report(app: Application, readers: Readers) -> Report:
    return report_on(app, readers, now=now())
