"""`app events`: what happened to an Application."""

from __future__ import annotations

from datetime import datetime

from reconciler.cli.app.naming import AppName
from reconciler.cli.app.words import since
from reconciler.cli.commands import command
from reconciler.cli.control import connect, happened_at, now
from reconciler.cli.output import OutputOption, dump, note, table
from reconciler.cli.where import Where
from reconciler.models.manifest import JsonObject

COLUMNS = ("LAST SEEN", "TYPE", "REASON", "MESSAGE")


@command("reconciler app events orders-east")
def events(name: AppName, where: Where, output: OutputOption = "text") -> None:
    """List the events of an Application, oldest first."""
    with connect(where) as control:
        found = control.events(control.application(name))
        if output != "text":
            dump(list(found), output)
        elif found:
            table(COLUMNS, (_row(event, now()) for event in found))
        else:
            note(f"no events about {name}: the API server keeps them for an hour")


def _row(event: JsonObject, instant: datetime) -> tuple[str, ...]:
    seen = since(happened_at(event), instant)
    return (seen, str(event.get("type", "")), str(event.get("reason", "")), str(event.get("message", "")))
