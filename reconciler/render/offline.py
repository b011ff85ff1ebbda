"""Renders an Application from folders on this disk: no Git server, no Redis, no cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import SourceError, SpecError
from reconciler.models.application import Application
from reconciler.models.keys import CommitId
from reconciler.models.manifest import JsonObject
from reconciler.models.source import ApplicationSource
from reconciler.render.renderer import Renderer
from reconciler.render.request import RenderJob
from reconciler.sources.folder import open_folder
from reconciler.sources.urls import canonical_url, same_repository

OFFLINE_BINDING = "offline"
NO_COMMIT = CommitId("0" * 40)


def render_offline(
    app: Application, repositories: Mapping[str, Path], renderer: Renderer, *, deadline_s: float
) -> list[JsonObject]:
    """The objects of an Application in the order of its sources, as the tool gives them, without tracking marks.

    `repositories` maps URLs to folders: a bare repository is read at the source's revision, any other folder as it
    lies there.
    Raises SpecError, SourceError (also for a repository that was not given).
    """
    sources = app.spec.all_sources
    if not sources:
        raise SpecError("spec.source is missing")
    return [body for source in sources for body in _source(app, source, repositories, renderer, deadline_s)]


def _source(
    app: Application, source: ApplicationSource, repositories: Mapping[str, Path], renderer: Renderer, deadline_s: float
) -> list[JsonObject]:
    repo = canonical_url(source.repo_url)
    folder = next((folder for url, folder in repositories.items() if same_repository(url, repo)), None)
    if folder is None:
        raise SourceError(f"no folder was given for repository {repo}; add --repo {repo}=DIR")
    tree, commit = open_folder(folder, source.target_revision)
    job = RenderJob(
        source=source,
        repo=repo,
        commit=commit or NO_COMMIT,
        project=app.spec.project,
        binding=OFFLINE_BINDING,
        instance=app.metadata.name,
        namespace=app.spec.destination.namespace,
    )
    return renderer.render(job, tree, deadline_s=deadline_s).bodies
