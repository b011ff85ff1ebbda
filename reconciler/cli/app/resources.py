"""`app resources`: the inventory of an Application."""

from __future__ import annotations

from reconciler.cli.app.naming import AppName
from reconciler.cli.commands import command
from reconciler.cli.control import connect
from reconciler.cli.output import OutputOption, dump, table
from reconciler.cli.where import Where
from reconciler.models.status import ResourceStatus

COLUMNS = ("GROUP", "KIND", "NAMESPACE", "NAME", "SYNC", "HEALTH", "MESSAGE")


@command("reconciler app resources orders-east", "reconciler app resources orders-east -o json")
def resources(name: AppName, where: Where, output: OutputOption = "text") -> None:
    """List the objects of an Application, as they were compared last."""
    with connect(where) as control:
        items = control.application(name).status.resources
    if output != "text":
        dump([item.to_json() for item in items], output)
    else:
        table(COLUMNS, map(_row, items))


def _row(item: ResourceStatus) -> tuple[str, ...]:
    health = item.health
    message = "is not in the desired state" if item.requires_pruning else (health.message if health else "")
    verdict = health.status if health else ""
    return (item.group, item.kind, item.namespace, item.name, item.status, verdict, message)
