"""Why a source was rendered, or not: its key, what it read, and what of that differs from what is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.models.keys import CommitId, Digest, RepoUrl
from reconciler.render.cache import Recorded
from reconciler.render.readset import Read, ReadLog, Sight
from reconciler.render.renderer import Rendered, Renderer, Views
from reconciler.render.request import RenderJob
from reconciler.render.supply import Nowhere, World
from reconciler.sources.paths import Tree

SHOWN = 3
"""Differences that a reason names; further ones are counted."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One source's rendering, explained. `elsewhere` are the reads in other repositories, by their URL."""

    repo: RepoUrl
    commit: CommitId
    key: Digest
    reason: str
    rendered: Rendered
    reads_revision: bool
    elsewhere: tuple[tuple[str, tuple[Read, ...]], ...] = ()


def explained(
    renderer: Renderer, job: RenderJob, tree: Tree, *, deadline_s: float, world: World | None = None
) -> Explanation:
    """Renders as always, and says why it was a hit or a miss. Raises as Renderer.render."""
    log = ReadLog(job.repo, job.binding)
    views = Views(Sight(tree, job.facts), world or Nowhere())
    key = renderer.key_of(job, renderer.prepared(job, views.own, log))
    remembered = renderer.cache.recorded(key)
    held = [recorded for recorded in remembered if views.hold(recorded)]
    rendered = renderer.render(job, tree, deadline_s=deadline_s, log=log, world=world)
    used = next(
        (one for one in renderer.cache.recorded(key) if one.result == rendered.digest and views.hold(one)), None
    )
    return Explanation(
        repo=job.repo,
        commit=job.commit,
        key=key,
        reason=_hit(held) if rendered.hit else _miss(remembered, held, views.own),
        rendered=rendered,
        reads_revision=log.reads_revision,
        elsewhere=tuple((part.remote.url, part.reads) for part in used.elsewhere) if used else (),
    )


def _hit(held: Sequence[Recorded]) -> str:
    count = len(held[0].reads) + sum(len(part.reads) for part in held[0].elsewhere) if held else 0
    return f"all {count} answers that were recorded with these parameters are the same now"


def _miss(remembered: Sequence[Recorded], held: Sequence[Recorded], sight: Sight) -> str:
    if not remembered:
        return "nothing is remembered of these parameters"
    if held:
        return "the read-set is remembered, its result is not any more"
    differing = list(_differing(remembered[0], sight))
    more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
    what = ", ".join(differing[:SHOWN]) or "what was read in another repository"
    return f"of {len(remembered)} remembered read-sets none holds; since the newest changed: {what}{more}"


def _differing(recorded: Recorded, sight: Sight) -> Iterator[str]:
    for read in recorded.reads:
        if sight.now(read).value != read.value:
            yield f"{read.kind} {read.path or '.'}"
