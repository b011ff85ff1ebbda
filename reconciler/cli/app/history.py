"""`app history` and `app rollback`: what was deployed, and bringing it back."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from reconciler.cli.app.naming import AppName
from reconciler.cli.app.operations import SyncAsked, rollback_operation
from reconciler.cli.app.sync import Patience, request
from reconciler.cli.app.words import entry_revision, source_line
from reconciler.cli.commands import command
from reconciler.cli.control import connect
from reconciler.cli.output import OutputOption, dump, table
from reconciler.cli.problems import Problem
from reconciler.cli.where import Where
from reconciler.models.application import Application
from reconciler.models.status import RevisionHistory

COLUMNS = ("ID", "DEPLOYED AT", "REVISION", "BY", "SOURCE")
Prune = Annotated[bool, typer.Option("--prune", help="Delete objects that the old revision does not have.")]


@command("reconciler app history orders-east", "reconciler app history orders-east -o yaml")
def history(name: AppName, where: Where, output: OutputOption = "text") -> None:
    """List what was deployed, oldest first."""
    with connect(where) as control:
        entries = control.application(name).status.history
    if output != "text":
        dump([entry.to_json() for entry in entries], output)
    else:
        table(COLUMNS, map(_row, entries))


@command("reconciler app rollback orders-east", "reconciler app rollback orders-east 12 --prune")
def rollback(
    name: AppName,
    where: Where,
    patience: Patience,
    number: Annotated[int | None, typer.Argument(metavar="[ID]", help="Else the one before the last.")] = None,
    prune: Prune = False,
) -> None:
    """Deploy an earlier entry of the history again; refused while automated sync is on."""
    with connect(where) as control:
        app = control.application(name)
        operation = rollback_operation(app, chosen(app, number), SyncAsked(prune=prune), username=getpass.getuser())
        request(control, [app], [operation], patience)


def chosen(app: Application, number: int | None) -> RevisionHistory:
    """The entry with that id, or the one before the last. Raises Problem."""
    entries = app.status.history
    if number is None:
        if len(entries) < 2:
            raise Problem(f"application {app.key}: there is nothing before the last deployment")
        return entries[-2]
    found = next((entry for entry in entries if entry.id == number), None)
    if found is None:
        known = ", ".join(str(entry.id) for entry in entries) or "none"
        raise Problem(f"application {app.key}: its history has no entry {number}", mend=f"choose one of {known}")
    return found


def _row(entry: RevisionHistory) -> tuple[str, ...]:
    by = entry.initiated_by.username or ("automated" if entry.initiated_by.automated else "")
    sources = "; ".join(map(source_line, entry.sources or ((entry.source,) if entry.source else ())))
    return (str(entry.id), entry.deployed_at, entry_revision(entry), by, sources)
