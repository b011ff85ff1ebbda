"""What an application wants: its revision resolved, its source rendered, its objects placed and marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import NotHonoured
from reconciler.models.application import Application
from reconciler.models.keys import PINNED, RepoUrl
from reconciler.models.observed import Desired, Surface
from reconciler.models.source import ApplicationSource
from reconciler.plan import operation
from reconciler.plan.desired import finalize
from reconciler.render.readset import ReadLog
from reconciler.render.renderer import Rendered
from reconciler.render.request import RenderJob
from reconciler.services import Readers
from reconciler.sources import Access, Resolution

RENDER_DEADLINE_S = 20.0
"""Below the deadline of a pass, so that a slow source still gets its condition written."""

Resolve = Callable[[Access, str], Resolution]
"""Which commit a target revision means now."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the application asks to be rendered, and by which access."""

    source: ApplicationSource
    revision: str
    access: Access
    of_operation: bool


@dataclass(slots=True)
class Reads:
    """What the render looked at, kept also when it fails: mending any of it wakes the application."""

    repo: RepoUrl
    log: ReadLog
    of_operation: bool = False
    resolution: Resolution | None = None
    hit: bool = True

    @property
    def is_pinned(self) -> bool:
        """Whether this is what an operation resolved long ago, and not what the spec follows."""
        return self.of_operation and self.log.binding == PINNED


@dataclass(frozen=True, slots=True)
class Rendering:
    """One source, resolved and rendered."""

    resolution: Resolution
    rendered: Rendered


def wish(app: Application, readers: Readers, asked: operation.Target) -> Wish:
    """The single source that this version renders. Raises NotHonoured for several, SourceError for its credentials."""
    if len(asked.sources) != 1:
        raise NotHonoured(f"{len(asked.sources)} sources: this version renders exactly one")
    source = asked.sources[0]
    access = readers.access(source.repo_url, app.spec.project)
    return Wish(source, asked.revisions[0], access, asked.of_operation)


def render(app: Application, wanted: Wish, resolve: Resolve, readers: Readers, reads: Reads) -> Rendering:
    """Renders one source. `reads` is filled as far as it came. Raises SpecError, SourceError, Transient."""
    access = wanted.access
    resolution = resolve(access, wanted.revision)
    reads.resolution = resolution
    reads.log = ReadLog(access.url, resolution.binding)
    job = RenderJob(
        source=wanted.source,
        repo=access.url,
        commit=resolution.commit,
        project=app.spec.project,
        binding=resolution.binding,
        instance=app.key.instance(readers.settings.namespace),
        credentials=access.owner,
    )
    tree = readers.sources.reader(access, resolution.commit)
    rendered = readers.renderer.render(job, tree, deadline_s=RENDER_DEADLINE_S, log=reads.log)
    reads.hit = rendered.hit
    return Rendering(resolution, rendered)


def desired_of(app: Application, rendering: Rendering, surface: Surface, instance: str) -> Desired:
    """The objects as they are to be on this cluster. Raises SourceError for one that cannot be placed."""
    rendered = rendering.rendered
    manifests, conditions = finalize(rendered.bodies, app, surface, instance=instance)
    return Desired(
        manifests=manifests,
        revisions=(rendering.resolution.revision,),
        source_types=(rendered.source_type,),
        conditions=conditions,
        render_digest=rendered.digest,
    )
