"""`app actions`: what may be done to an object of an Application at once, and doing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from reconciler.apply import Writer
from reconciler.cli.app.fresh import readers_of
from reconciler.cli.app.naming import AppName
from reconciler.cli.commands import command, group
from reconciler.cli.control import MANAGER, Control, connect, now
from reconciler.cli.output import OutputOption, dump, say, table
from reconciler.cli.problems import Problem
from reconciler.cli.where import Where
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.passes.lens import lens_of
from reconciler.passes.standing import Target, aim
from reconciler.plan.actions import Change, Offer, changes_of, merge_patch, offer
from reconciler.plan.lens import Lens
from reconciler.services import Readers

actions = group(
    "Look at and run actions of objects, such as restart.",
    {
        "list": "reconciler.cli.app.actions:listed",
        "run": "reconciler.cli.app.actions:ran",
    },
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which objects of the Application."""

    kind: Annotated[str, typer.Option(help="Only objects of this kind.")] = ""
    group: Annotated[str, typer.Option(help="Only objects of this API group.")] = ""
    resource_namespace: Annotated[str, typer.Option(help="Only objects in this namespace.")] = ""
    resource_name: Annotated[str, typer.Option(help="Only the object of this name.")] = ""

    def has(self, key: ObjectKey) -> bool:
        pairs = (
            (self.kind, key.kind),
            (self.group, key.group),
            (self.resource_namespace, key.namespace),
            (self.resource_name, key.name),
        )
        return all(wanted in ("", there) for wanted, there in pairs)


@dataclass(frozen=True, slots=True)
class Ground:
    """One Application and what it takes to act on its objects, with the caller's rights on the control cluster."""

    app: Application
    target: Target
    lens: Lens

    def lives(self, chosen: Chosen) -> Iterator[LiveObject]:
        """The chosen objects that are there and belong to the application by its status."""
        for item in self.app.status.resources:
            live = self.target.cluster.get(item.key) if chosen.has(item.key) else None
            if live is not None:
                yield live


@command(
    "reconciler app actions list orders-east",
    "reconciler app actions list orders-east --kind Deployment --resource-name orders-api",
)
def listed(name: AppName, where: Where, chosen: Chosen, output: OutputOption = "text") -> None:
    """List the actions of an Application's objects, and which of them are possible now."""
    with connect(where) as control, readers_of(control.settings) as readers:
        ground = _ground(control, readers, name)
        found = [(live.key, item) for live in ground.lives(chosen) for item in offer(live, ground.lens)]
    if output != "text":
        dump([_row(key, item) for key, item in found], output)
        return
    possible = {True: "yes", False: "not now"}
    lines = [(str(key), item.name, possible[item.is_enabled], ", ".join(item.params)) for key, item in found]
    table(("OBJECT", "ACTION", "POSSIBLE", "PARAMETERS"), lines)


def _row(key: ObjectKey, item: Offer) -> JsonObject:
    return {"object": str(key), "action": item.name, "enabled": item.is_enabled, "params": list(item.params)}


@command(
    "reconciler app actions run orders-east restart --kind Deployment --resource-name orders-api",
    "reconciler app actions run orders-east scale --kind Deployment --resource-name orders-api --param replicas=3",
)
def ran(
    name: AppName,
    action: Annotated[str, typer.Argument(help="The action, as the list names it.")],
    where: Where,
    chosen: Chosen,
    param: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.")] = None,
) -> None:
    """Run an action on one object of an Application."""
    params = dict(_param(text) for text in param or ())
    with connect(where) as control, readers_of(control.settings) as readers:
        ground = _ground(control, readers, name)
        live = _only(list(ground.lives(chosen)))
        changes = changes_of(live, action, params, ground.lens, now=now())
        permitted(changes, ground)
        writer = _writer(ground)
        say(*(sent(change, live, writer) for change in changes))


def _ground(control: Control, readers: Readers, name: str) -> Ground:
    app = control.application(name)
    return Ground(app, aim(app, readers), lens_of(readers, app.spec.project))


def _only(lives: Sequence[LiveObject]) -> LiveObject:
    if len(lives) == 1:
        return lives[0]
    said = ", ".join(str(live.key) for live in lives[:3])
    mend = "choose one with --kind, --group, --resource-namespace and --resource-name"
    what = f"{len(lives)} objects are meant ({said})" if lives else "the application has no such object"
    raise Problem(what, mend=mend)


def permitted(changes: Sequence[Change], ground: Ground) -> None:
    """Argo CD: what the project does not permit is neither changed nor created by an action."""
    if ground.target.identity.problem:
        raise Problem(ground.target.identity.problem)
    for change in changes:
        why = ground.target.project.refusal(Manifest(change.resource).key, ground.target.destination)
        if why:
            raise Problem(why)


def _writer(ground: Ground) -> Writer:
    # A person holds no lease: what is sent is tied to what was just read.
    return Writer(ground.target.cluster, MANAGER, lambda: None, user=ground.target.identity.user)


def sent(change: Change, live: LiveObject, writer: Writer) -> str:
    if change.operation == "create":
        made = writer.create(Manifest(change.resource))
        return f"{made.key} created"
    patch = merge_patch(live.body, change.resource)
    if not patch:
        return f"{live.key} unchanged"
    writer.merge(live, patch)
    return f"{live.key} changed"


def _param(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise Problem(f"{text!r} is no parameter", mend="write --param NAME=VALUE")
    return name, value
