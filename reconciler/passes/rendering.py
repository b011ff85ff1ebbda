"""The sources of an application rendered: what is asked of the renderer, and what each may read besides its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from reconciler.clusters.cluster import Cluster
from reconciler.clusters.facts import ClusterFacts
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import PINNED, CommitId
from reconciler.models.observed import Condition
from reconciler.models.toolsettings import tool_settings_of
from reconciler.passes.desired import Reads, Rendering, Wish, about
from reconciler.plan.sources import is_lender
from reconciler.render.lending import Lender, Lending
from reconciler.render.readset import ReadLog
from reconciler.render.renderer import Rendered
from reconciler.render.request import UNRESTRICTED, RenderJob
from reconciler.render.supply import World
from reconciler.services import Readers
from reconciler.sources import Access, Resolution
from reconciler.sources.following import expected_binding
from reconciler.sources.paths import Tree

RENDER_DEADLINE_S = 20.0
"""Below the deadline of a pass, so that a slow source still gets its condition written."""


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to render for a cluster, and where it is noted what was read. `world` opens what lies in other
    repositories, `trees` repositories at a commit.
    """

    readers: Readers
    reads: Reads
    world: World
    trees: Callable[[Access, CommitId], Tree]
    cluster: Cluster


@dataclass(frozen=True, slots=True)
class Task:
    """One source to render: what is asked, how its files are opened, and what opens all else."""

    job: RenderJob
    open: Callable[[], Tree]
    world: World


def render_all(
    app: Application, wanted: Sequence[Wish], resolutions: Sequence[Resolution], means: Means
) -> tuple[Rendering, ...]:
    """Every source rendered, each by itself. Raises SpecError, SourceError, Transient."""
    found = []
    everything = zip(wanted, resolutions, tasks(app, wanted, resolutions, means), strict=True)
    for wish, resolution, task in everything:
        with about(wish.what):
            rendered = None if is_lender(wish.source) else _render(task, means)
        found.append(Rendering(resolution, rendered, tuple(_warnings(wish, resolution))))
    return tuple(found)


def tasks(
    app: Application, wanted: Sequence[Wish], resolutions: Sequence[Resolution], means: Means
) -> tuple[Task, ...]:
    """One for each source, in their order. Raises what the catalog raises."""
    meant = list(zip(wanted, resolutions, strict=True))
    lenders = {wish.source.ref: _lender(wish, found, means) for wish, found in meant if wish.source.ref}
    refs = frozenset(lenders) if app.spec.sources else None
    made = []
    for wish, found in meant:
        job = _job(app, wish, found, refs, means)
        world = Lending(means.world, lenders, job.repo, job.commit)
        made.append(Task(job, partial(_tree, wish, found, means), world))
    return tuple(made)


def _lender(wish: Wish, resolution: Resolution, means: Means) -> Lender:
    """Nothing is read of one that no other source names."""

    def opened() -> tuple[Tree, ReadLog]:
        log = ReadLog(wish.access.url, resolution.binding)
        means.reads.logs.append(log)
        return _tree(wish, resolution, means), log

    return Lender(wish.access.url, resolution.commit, wish.asked.target_revision or "HEAD", opened)


def _render(task: Task, means: Means) -> Rendered:
    log = ReadLog(task.job.repo, task.job.binding)
    means.reads.logs.append(log)
    tree = task.open()
    rendered = means.readers.renderer.render(task.job, tree, deadline_s=RENDER_DEADLINE_S, log=log, world=task.world)
    means.reads.renders += not rendered.hit
    return rendered


def _tree(wish: Wish, resolution: Resolution, means: Means) -> Tree:
    """What is read of one source. Raises SourceError, SourceUnavailable."""
    if wish.access.is_git:
        return means.trees(wish.access, resolution.commit)
    return means.readers.packed(wish.access, wish.asked, resolution)


def _job(app: Application, wish: Wish, resolution: Resolution, refs: frozenset[str] | None, means: Means) -> RenderJob:
    readers = means.readers
    return RenderJob(
        source=wish.source,
        repo=wish.access.url,
        commit=resolution.commit,
        project=app.spec.project,
        binding=resolution.binding,
        instance=app.key.instance(readers.settings.namespace),
        credentials=f"{wish.access.owner} lfs" if wish.access.lfs else wish.access.owner,
        namespace=app.spec.destination.namespace,
        settings=tool_settings_of(readers.catalog.settings_cm()),
        keys=readers.sops_keys(app.spec.project),
        is_unrestricted=app.metadata.annotations.get(words.LOAD_RESTRICTOR) == UNRESTRICTED,
        refs=refs,
        facts=ClusterFacts(means.cluster),
    )


def _warnings(wish: Wish, resolution: Resolution) -> Iterator[Condition]:
    """By the source as it is written: an operation pins what it floats to."""
    source = wish.source
    if source.chart and expected_binding(source) != PINNED:
        written = source.target_revision or "no version"
        yield Condition(
            words.FLOATING_VERSION_WARNING,
            f"{wish.what}{': ' if wish.what else ''}chart {source.chart} floats: targetRevision {written} now means "
            f"{resolution.revision}, and a new version is deployed without a commit; name one version to pin it",
        )
