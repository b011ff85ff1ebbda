"""`health`: how objects in a file would be judged, without a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import orjson
import typer

from reconciler.cli.commands import command
from reconciler.cli.files import read_objects
from reconciler.cli.output import say
from reconciler.cli.problems import Problem
from reconciler.models.customizations import customizations_of
from reconciler.models.manifest import JsonObject
from reconciler.plan.lens import Lens


@command(
    "reconciler health deployment.yaml",
    "kubectl get deployments,certificates -o yaml | reconciler health - --settings argocd-cm.yaml",
)
def health(
    file: Annotated[Path, typer.Argument(help="Objects as a cluster has them; - reads standard input.")],
    settings: Annotated[Path | None, typer.Option(help="The ConfigMap argocd-cm, or its data alone.")] = None,
) -> None:
    """Print `{status, message}` for each object, one line each; a null status where its kind has no health."""
    lens = Lens(customizations_of(settings_in(settings) if settings else {}))
    say(*lines_of(read_objects(file), lens))


def settings_in(path: Path) -> Mapping[str, str]:
    """The data of argocd-cm, from a file with the ConfigMap or with nothing but its data. Raises Problem."""
    bodies = read_objects(path)
    if len(bodies) != 1:
        raise Problem(f"{path} holds {len(bodies)} objects", mend="give one ConfigMap argocd-cm")
    data = (bodies[0].get("data") or {}) if bodies[0].get("kind") == "ConfigMap" else bodies[0]
    if not all(isinstance(value, str) for value in data.values()):
        raise Problem(f"{path} is no ConfigMap: its values are not all text")
    return data


def lines_of(bodies: Iterable[JsonObject], lens: Lens) -> Iterator[str]:
    """One JSON object a line."""
    for body in bodies:
        found = lens.health(body)
        told = {"status": found.status if found else None, "message": found.message if found else ""}
        yield orjson.dumps(told).decode()
