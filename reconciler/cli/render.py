"""`render`: what an Application renders to, from folders on this disk, without a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
import yaml

from reconciler.cli import explaining
from reconciler.cli.commands import command
from reconciler.cli.files import read_objects
from reconciler.cli.health import settings_in
from reconciler.cli.output import UNBOUNDED_COLUMNS, dump
from reconciler.cli.problems import Problem
from reconciler.cli.where import offline_settings
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject, Manifest
from reconciler.models.toolsettings import tool_settings_of
from reconciler.plan.tracking import stamped
from reconciler.render.cache import RenderCache
from reconciler.render.explain import Explanation
from reconciler.render.offline import Shelf, explain_each, render_each
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.renderer import Renderer
from reconciler.settings import Settings

DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class Inputs:
    """The Application, and where its repositories lie on this disk."""

    app: Annotated[Path, typer.Option("--app", help="File with the Application; - reads standard input.")]
    repo: Annotated[list[str], typer.Option(help="URL=DIR: a folder as it lies there, or a bare repository.")]
    name: Annotated[str, typer.Option(help="Which Application, where the file holds several.")] = ""
    settings: Annotated[Path | None, typer.Option(help="The ConfigMap argocd-cm, or its data alone.")] = None

    def shelf(self) -> Shelf:
        """The folders, and what the settings say of the tools. Raises Problem."""
        told = tool_settings_of(settings_in(self.settings) if self.settings else {})
        return Shelf(dict(repository(text) for text in self.repo), told)


@command(
    "reconciler render --app orders.yaml --repo https://git.example/shop.git=.",
    "reconciler render --app orders.yaml --repo https://git.example/shop.git=shop.git --track -o json",
    "reconciler render --app orders.yaml --repo https://git.example/shop.git=. --explain",
    "reconciler render --app orders.yaml --repo https://git.example/shop.git=. --settings argocd-cm.yaml",
)
def render(
    inputs: Inputs,
    output: Annotated[Literal["yaml", "json"], typer.Option("--output", "-o", help="How to print it.")] = "yaml",
    track: Annotated[bool, typer.Option("--track", help="Mark objects as the controller would.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what was read, the key and why it was rendered, not the manifests.")
    ] = False,
) -> None:
    """Render an Application from folders on this disk and print its manifests."""
    app = chosen(read_objects(inputs.app), inputs.name)
    shelf = inputs.shelf()
    settings = offline_settings(os.environ)
    pool = _pool(settings)
    try:
        renderer = Renderer(pool, RenderCache(None), renderer_identity(settings.renderer_path))
        if explain:
            explained(explain_each(app, shelf, renderer, deadline_s=DEADLINE_S), output)
            return
        rendered = render_each(app, shelf, renderer, deadline_s=DEADLINE_S)
    finally:
        pool.close()
    bodies = [body for one in rendered for body in one.bodies]
    if track:
        bodies = [tracked(body, app, settings.namespace) for body in bodies]
    sys.stdout.write(text_of(bodies, output))


def explained(told: Sequence[Explanation], output: str) -> None:
    """Prints why each source was rendered: for people, or with `-o json` for programs."""
    if output == "json":
        dump([explaining.to_json(one) for one in told], "json")
        return
    for one in told:
        explaining.show(one)


def chosen(bodies: Sequence[JsonObject], name: str) -> Application:
    """The only Application of a file, or the one of that name. Raises Problem, SpecError."""
    apps = [Application.parse(body) for body in bodies if body.get("kind") == "Application"]
    found = [app for app in apps if name in ("", app.metadata.name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Problem(f"the file holds no Application {name}".rstrip())
    raise Problem(f"the file holds {len(found)} Applications", mend="choose one with --name")


def repository(text: str) -> tuple[str, Path]:
    """Reads `URL=DIR`; the last `=` counts, for a URL may hold one. Raises Problem."""
    url, equals, folder = text.rpartition("=")
    if not (url and equals and folder):
        raise Problem(f"{text!r} names no repository", mend="write --repo URL=DIR")
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise Problem(f"{folder} is no folder", mend="write --repo URL=DIR")
    return url, path


def tracked(body: JsonObject, app: Application, control_namespace: str) -> JsonObject:
    """The object with the mark that the controller would give it."""
    namespace = app.metadata.namespace or control_namespace
    instance = app.metadata.name if namespace == control_namespace else f"{namespace}_{app.metadata.name}"
    return stamped(Manifest(body), instance, app.spec.destination.namespace).body


def text_of(bodies: Sequence[JsonObject], output: str) -> str:
    """All objects: YAML documents, or one JSON list."""
    if output == "json":
        return orjson.dumps(list(bodies), option=orjson.OPT_INDENT_2).decode() + "\n"
    documents = (yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=UNBOUNDED_COLUMNS) for body in bodies)
    return "---\n".join(documents)


def _pool(settings: Settings) -> RendererPool:
    children = sandboxed_children(settings.renderer_path, allow_unsandboxed=settings.allow_unsandboxed_renderer)
    return RendererPool(children, 1)
