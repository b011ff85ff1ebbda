"""`generate`: the Applications of an ApplicationSet, from facts in a file, without a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from reconciler.cli.commands import command
from reconciler.cli.files import read_objects
from reconciler.cli.output import complain
from reconciler.cli.problems import Problem
from reconciler.cli.render import text_of
from reconciler.cli.where import offline_settings
from reconciler.errors import SpecError
from reconciler.generate.applications import Generated, generated
from reconciler.generate.forms import Filler
from reconciler.generate.given import GivenFacts
from reconciler.generate.valid import place_faults
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.manifest import JsonObject
from reconciler.render.pool import RendererPool, sandboxed_children
from reconciler.render.templates import GoTemplates

OUTPUT = Annotated[Literal["yaml", "json"], typer.Option("--output", "-o", help="How to print them.")]


@command(
    "reconciler generate --appset services.yaml --facts facts.yaml",
    "reconciler generate --appset services.yaml --facts facts.yaml -o json",
)
def generate(
    appset: Annotated[Path, typer.Option("--appset", help="File with the ApplicationSet; - reads standard input.")],
    facts: Annotated[Path | None, typer.Option("--facts", help="Clusters, repositories, answers of hosts.")] = None,
    output: OUTPUT = "yaml",
) -> None:
    """Expand an ApplicationSet and print the Applications that it asks for."""
    document = _document(facts) if facts else {}
    found = expanded(chosen(read_objects(appset)), document)
    sys.stdout.write(text_of(found.sound, output))
    for name, why in sorted(found.faults.items()):
        complain(f"{name or '(without a name)'}: {why}")
    if found.faults:
        raise typer.Exit(1)


def expanded(appset: ApplicationSet, document: JsonObject) -> Generated:
    """The set over the facts of a document. Raises SpecError."""
    with _filler(appset) as filler:
        found = generated(appset, GivenFacts(document), filler)
    if "projects" not in document:
        return found
    return Generated(found.applications, place_faults(found.sound, frozenset(document["projects"]), found.faults))


def chosen(bodies: Sequence[JsonObject]) -> ApplicationSet:
    """The only ApplicationSet of a file. Raises Problem, SpecError."""
    sets = [body for body in bodies if body.get("kind") == "ApplicationSet"]
    if len(sets) != 1:
        raise Problem(f"the file holds {len(sets)} ApplicationSets, and one is wanted")
    return ApplicationSet.parse(sets[0])


def _document(path: Path) -> JsonObject:
    bodies = read_objects(path)
    if len(bodies) > 1:
        raise Problem(f"{path} holds {len(bodies)} documents, and one is wanted")
    return bodies[0] if bodies else {}


@contextmanager
def _filler(appset: ApplicationSet) -> Iterator[Filler]:
    """What fills Go templates; a renderer is started only for a set that has them."""
    if not appset.spec.go_template:
        yield _unasked
        return
    settings = offline_settings(os.environ)
    children = sandboxed_children(settings.renderer_path, allow_unsandboxed=settings.allow_unsandboxed_renderer)
    pool = RendererPool(children, 1)
    try:
        yield GoTemplates(pool).fill
    finally:
        pool.close()


def _unasked(_template: Any, _rows: Sequence[Mapping[str, Any]], _options: Sequence[str]) -> list[Any]:
    raise SpecError("spec.goTemplate is not true")
