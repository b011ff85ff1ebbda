"""`app create`: an Application from a file or from flags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.app.manifest import Destined, Policied, Sourced, manifest_of
from reconciler.cli.commands import command
from reconciler.cli.control import Control, connect
from reconciler.cli.files import read_objects
from reconciler.cli.output import say
from reconciler.cli.problems import Problem
from reconciler.cli.where import Where
from reconciler.errors import ObjectConflict
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.words import API_VERSION


@dataclass(frozen=True, slots=True)
class What:
    """Where the Application is described, and what to do when there is one of that name."""

    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Needed unless a file is given.")] = None
    file: Annotated[Path | None, typer.Option("--file", "-f", help="YAML or JSON; - reads standard input.")] = None
    upsert: Annotated[bool, typer.Option("--upsert", help="Give an existing one this spec.")] = False


@command(
    "reconciler app create -f application.yaml",
    "reconciler app create orders --repo https://git.example/shop.git --path orders --dest-name east"
    " --dest-namespace orders --auto --prune --self-heal --sync-option CreateNamespace=true",
)
def create(where: Where, what: What, source: Sourced, target: Destined, policy: Policied) -> None:
    """Create Applications, from a file or from flags."""
    with connect(where) as control:
        if what.file is not None:
            bodies = read_objects(what.file)
        elif what.name:
            bodies = [manifest_of(what.name, source, target, policy)]
        else:
            raise Problem("nothing to create", mend="pass -f FILE, or NAME with --repo, --path and --dest-name")
        for body in bodies:
            created = create_one(control, checked(body, control.settings.namespace), upsert=what.upsert)
            say(f"application {body['metadata']['name']}: {'created' if created else 'updated'}")


def checked(body: JsonObject, namespace: str) -> JsonObject:
    """An Application ready to be created: right kind, a name, a spec that can be read. Raises Problem, SpecError."""
    if (body.get("apiVersion"), body.get("kind")) != (API_VERSION, "Application"):
        raise Problem(f"{body.get('kind') or 'an object without kind'} is no Application of {API_VERSION}")
    metadata = {"namespace": namespace, **(body.get("metadata") or {})}
    if not metadata.get("name"):
        raise Problem("an Application needs metadata.name")
    whole = {**body, "metadata": metadata}
    Application.parse(whole)
    return whole


def create_one(control: Control, body: JsonObject, *, upsert: bool) -> bool:
    """True when it was created, False when an existing one got this spec. Raises Problem when it exists already."""
    try:
        control.create("applications", body)
    except ObjectConflict:
        name = body["metadata"]["name"]
        if not upsert:
            raise Problem(f"application {name} exists already", mend="pass --upsert to give it this spec") from None
        control.patch(control.application(name), [{"op": "add", "path": "/spec", "value": body["spec"]}])
        return False
    return True
