"""`app why`: what an Application waits for, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from reconciler.cli.app.naming import AppName
from reconciler.cli.commands import command
from reconciler.cli.control import Control, connect, now
from reconciler.cli.output import OutputOption, dump, say
from reconciler.cli.where import Where
from reconciler.errors import ObjectGone
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.honoured import unhonoured_fields, unhonoured_in_project
from reconciler.models.manifest import JsonObject
from reconciler.models.project import SyncWindow
from reconciler.plan.progress import age
from reconciler.plan.times import rfc3339
from reconciler.plan.waiting import Awaited, awaited


@command("reconciler app why orders-east", "reconciler app why orders-east -o json")
def why(name: AppName, where: Where, output: OutputOption = "text") -> None:
    """Explain in plain words what an Application waits for and since when."""
    with connect(where) as control:
        app, instant = control.application(name), now()
        windows, reasons = _around(control, app)
        found = awaited(app, windows, reasons, now=instant)
        if output != "text":
            dump([to_json(item) for item in found], output)
        else:
            say(*lines(app, found, instant))


def lines(app: Application, found: Sequence[Awaited], instant: datetime) -> Iterator[str]:
    """One sentence for each thing that is waited for."""
    if not found:
        sync, health = app.status.sync.status or "not compared yet", app.status.health.status or "health not known"
        yield f"{app.key.name} waits for nothing: {sync}, {health}"
        return
    for index, item in enumerate(found):
        times = [f"for {age((instant - item.since).total_seconds())}" if item.since else ""]
        times.append(f"at most {age(item.for_s)} more" if item.for_s is not None else "")
        told = ", ".join(filter(None, times))
        yield f"{app.key.name + ': ' if index == 0 else '  also: '}{item.what}" + (f" ({told})" if told else "")


def to_json(item: Awaited) -> JsonObject:
    """One thing, for programs."""
    return {"what": item.what, "since": rfc3339(item.since) if item.since else None, "forSeconds": item.for_s}


def _around(control: Control, app: Application) -> tuple[tuple[SyncWindow, ...], list[str]]:
    """The windows of its project, and what of both keeps it from being written."""
    unhonoured = unhonoured_fields(app, control.catalog.settings_cm())
    windows: tuple[SyncWindow, ...] = ()
    reasons = []
    try:
        project = control.catalog.project(app.spec.project)
        windows, unhonoured = project.spec.sync_windows, (*unhonoured, *unhonoured_in_project(project))
    except ObjectGone:
        reasons.append(f"its project {app.spec.project} does not exist")
    reasons += [f"{feature} is not honoured by this version" for feature in unhonoured]
    marks = app.metadata.annotations
    if marks.get(words.SKIP_RECONCILE) == words.TRUE and marks.get(words.CONTROLLER) != words.CONTROLLER_ACTIVE:
        reasons.append(f"{words.SKIP_RECONCILE} is set and {words.CONTROLLER} is not")
    return windows, reasons
