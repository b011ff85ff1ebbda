"""`app delete`: deletes an Application, with or without its objects."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import typer

from reconciler.cli.app.follow import Goal, Reached, follow
from reconciler.cli.app.naming import AppNames
from reconciler.cli.commands import command
from reconciler.cli.control import Control, connect
from reconciler.cli.output import say
from reconciler.cli.pointers import test
from reconciler.cli.problems import Problem
from reconciler.cli.where import Where
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject

Propagation = Literal["foreground", "background"]
FINALIZERS: Final = {"foreground": words.FINALIZER, "background": words.FINALIZER_BACKGROUND}


@dataclass(frozen=True, slots=True)
class How:
    """What becomes of the objects, and how sure the caller is."""

    cascade: Annotated[bool, typer.Option(help="Delete its objects too, or leave them where they are.")] = True
    propagation_policy: Annotated[
        Propagation, typer.Option("--propagation-policy", "-p", help="How its objects are deleted.")
    ] = "foreground"
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    wait: Annotated[bool, typer.Option(help="Return when it is gone.")] = False
    timeout: Annotated[float, typer.Option(help="With --wait: seconds until giving up (exit code 2).")] = 300.0


@command(
    "reconciler app delete orders-east",
    "reconciler app delete orders-east --no-cascade --yes",
    "reconciler app delete orders-east --propagation-policy background --wait",
)
def delete(names: AppNames, where: Where, how: How) -> None:
    """Delete Applications; by default their objects go first."""
    with connect(where) as control:
        apps = [control.application(name) for name in names]
        if not how.yes:
            _confirm(apps, cascade=how.cascade)
        for app in apps:
            delete_one(control, app, how)
        if how.wait:
            follow(control, apps, _GONE, timeout_s=how.timeout)


def delete_one(control: Control, app: Application, how: How) -> None:
    """Sets the finalizer that the caller wants, then deletes this very Application."""
    operations = finalizer_patch(app, cascade=how.cascade, propagation=how.propagation_policy)
    control.delete(control.patch(app, operations) if operations else app)
    say(f"application {app.key.name}: {'deleted with its objects' if how.cascade else 'deleted, its objects stay'}")


def finalizer_patch(app: Application, *, cascade: bool, propagation: Propagation = "foreground") -> list[JsonObject]:
    """JSON patch that makes a deletion cascade or not; empty where it does so already. Others' finalizers stay.

    Argo CD: `resources-finalizer` deletes in the foreground, with `/background` in the background, none not at all.
    """
    before = list(app.metadata.finalizers)
    kept = [name for name in before if name not in words.CASCADE_PROPAGATION]
    after = [*kept, FINALIZERS[propagation]] if cascade else kept
    if set(before) == set(after):
        return []
    path = "/metadata/finalizers"
    return [test(path, app.raw["metadata"].get("finalizers")), {"op": "add", "path": path, "value": after}]


def _confirm(apps: list[Application], *, cascade: bool) -> None:
    names = ", ".join(app.key.name for app in apps)
    if not sys.stdin.isatty():
        raise Problem(f"nobody is there to confirm the deletion of {names}", mend="pass --yes")
    objects = sum(len(app.status.resources) for app in apps)
    what = f"{names} and the {objects} objects of it" if cascade else f"{names} and leave its {objects} objects"
    typer.confirm(f"Delete {what}?", abort=True, err=True)


def _still_there(app: Application) -> Reached | None:
    if not app.is_deleting:
        return Reached(ok=False, why="it exists again, as another Application")
    return None


_GONE = Goal("deleted", _still_there, gone_is_ok=True)
