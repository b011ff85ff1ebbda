"""Renders an Application from folders on this disk: no Git server, no Redis, no cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import SourceError, SpecError
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import CommitId, RepoUrl
from reconciler.models.manifest import JsonObject
from reconciler.models.source import ApplicationSource
from reconciler.models.toolsettings import ToolSettings
from reconciler.plan.sources import is_lender
from reconciler.render.explain import Explanation, explained
from reconciler.render.lending import Lender, Lending
from reconciler.render.protocol import Facts, NoFacts, Remote
from reconciler.render.readset import ReadLog
from reconciler.render.renderer import Rendered, Renderer
from reconciler.render.request import UNRESTRICTED, RenderJob
from reconciler.render.supply import Opened, World
from reconciler.sources.folder import open_folder
from reconciler.sources.following import expected_binding, is_packed
from reconciler.sources.paths import Tree
from reconciler.sources.remotebase import parse_remote_base
from reconciler.sources.urls import same_repository, source_url

OFFLINE_BINDING = "offline"
NO_COMMIT = CommitId("0" * 40)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What there is without a network. `folders` maps URLs of repositories to where they lie: a bare repository is
    read at a source's revision, any other folder as it lies there; one of charts is the chart, or holds it in a folder
    of its name. `allows` says what a project permits to fetch.
    """

    folders: Mapping[str, Path]
    settings: ToolSettings = field(default_factory=ToolSettings)
    allows: Callable[[str], bool] = lambda _url: True
    facts: Facts = field(default_factory=NoFacts)

    def open(self, remote: Remote) -> Opened:
        """Raises SourceError, SpecError. render.supply.World."""
        if remote.kind == "chart":
            return self._chart(remote)
        if remote.kind != "git":
            raise SourceError(f"{remote.kind} sources are not fetched offline")
        base = parse_remote_base(remote.url)
        self._check(base.url)
        repo, tree, commit = self.tree(ApplicationSource(repo_url=base.url, target_revision=base.revision))
        return Opened(f"{repo}@{commit}", tree, ReadLog(repo, OFFLINE_BINDING), base.folder)

    def _chart(self, remote: Remote) -> Opened:
        self._check(remote.url)
        source = ApplicationSource(repo_url=remote.url, chart=remote.name, target_revision=remote.version)
        repo, tree, commit = self.tree(source)
        return Opened(f"{repo}/{remote.name}@{commit}", tree, ReadLog(repo, OFFLINE_BINDING))

    def _check(self, url: str) -> None:
        if not self.allows(url):
            raise SourceError(f"repository {url} is not permitted in the project; add it to sourceRepos there")

    def lender(self, source: ApplicationSource) -> Lender:
        """A source that lends its files. Raises SourceError for a repository that is not on the shelf."""
        repo, tree, commit = self.tree(source)
        log = ReadLog(repo, OFFLINE_BINDING)
        return Lender(repo, commit, source.target_revision or "HEAD", lambda: (tree, log))

    def tree(self, source: ApplicationSource) -> tuple[RepoUrl, Tree, CommitId]:
        """A repository's identity, content and commit. Raises SourceError for one that is not on the shelf."""
        repo = source_url(source.repo_url, source.chart)
        expected_binding(source)  # what could be no revision online is none here
        folder = next((folder for known, folder in self.folders.items() if _names(known, source, repo)), None)
        if folder is None:
            shown = source.repo_url if is_packed(source) else repo
            raise SourceError(f"no folder was given for repository {shown}; add --repo {shown}=DIR")
        own = folder / source.chart if source.chart else folder
        tree, commit = open_folder(own if own.is_dir() else folder, source.target_revision)
        return repo, tree, commit or NO_COMMIT


def render_offline(
    app: Application, repositories: Mapping[str, Path], renderer: Renderer, *, deadline_s: float
) -> list[JsonObject]:
    """The objects of an Application in the order of its sources, as the tool gives them, without tracking marks.

    Raises as `render_each`.
    """
    rendered = render_each(app, Shelf(repositories), renderer, deadline_s=deadline_s)
    return [body for one in rendered for body in one.bodies]


def render_each(app: Application, shelf: Shelf, renderer: Renderer, *, deadline_s: float) -> tuple[Rendered, ...]:
    """Every source of an Application. Raises SpecError, SourceError (also for a repository that was not given)."""
    made = [_task(app, source, shelf) for source in _sources(app)]
    return tuple(renderer.render(job, tree, deadline_s=deadline_s, world=world) for job, tree, world in made)


def explain_each(app: Application, shelf: Shelf, renderer: Renderer, *, deadline_s: float) -> tuple[Explanation, ...]:
    """Every source of an Application, with what it read and why it was rendered. Raises as `render_each`."""
    made = [_task(app, source, shelf) for source in _sources(app)]
    return tuple(explained(renderer, job, tree, deadline_s=deadline_s, world=world) for job, tree, world in made)


def _sources(app: Application) -> Sequence[ApplicationSource]:
    if not app.spec.all_sources:
        raise SpecError("spec.source is missing")
    return [source for source in app.spec.all_sources if not is_lender(source)]


def _task(app: Application, source: ApplicationSource, shelf: Shelf) -> tuple[RenderJob, Tree, World]:
    repo, tree, commit = shelf.tree(source)
    lenders = {one.ref: shelf.lender(one) for one in app.spec.all_sources if one.ref}
    job = RenderJob(
        source=source,
        repo=repo,
        commit=commit,
        project=app.spec.project,
        binding=OFFLINE_BINDING,
        instance=app.metadata.name,
        namespace=app.spec.destination.namespace,
        settings=shelf.settings,
        is_unrestricted=app.metadata.annotations.get(words.LOAD_RESTRICTOR) == UNRESTRICTED,
        refs=frozenset(lenders) if app.spec.sources else None,
        facts=shelf.facts,
    )
    return job, tree, Lending(shelf, lenders, repo, commit)


def _names(url: str, source: ApplicationSource, repo: RepoUrl) -> bool:
    if not is_packed(source):
        return same_repository(url, repo)
    try:
        return source_url(url, source.chart) == repo
    except SpecError:
        return False
