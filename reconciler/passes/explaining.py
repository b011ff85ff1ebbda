"""Why each source of an application would be rendered now, or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.models.application import Application
from reconciler.passes.desired import Reads, resolve_all, wishes
from reconciler.passes.elsewhere import Elsewhere
from reconciler.passes.rendering import RENDER_DEADLINE_S, Means, tasks
from reconciler.passes.standing import aim
from reconciler.passes.submodules import Submodules
from reconciler.plan import operation
from reconciler.plan.sources import is_lender
from reconciler.render.explain import Explanation, explained
from reconciler.services import Readers


@dataclass(frozen=True, slots=True)
class Explained:
    """One source, and the binding by which its revision is followed."""

    explanation: Explanation
    binding: str


def explain(app: Application, readers: Readers, *, now: datetime) -> tuple[Explained, ...]:
    """Every source that renders. Raises SpecError, SourceError, Transient and what the catalog raises."""
    target = aim(app, readers)
    wanted = wishes(app, readers, operation.target(app, may_write=False, now=now))
    reads = Reads()
    world = Elsewhere(readers, target.project, readers.resolve, reads)
    means = Means(readers, reads, world, Submodules(readers, target.project).tree, target.cluster)
    found = []
    for task in tasks(app, wanted, resolve_all(wanted, readers.resolve, reads), means):
        if is_lender(task.job.source):
            continue
        told = explained(readers.renderer, task.job, task.open(), deadline_s=RENDER_DEADLINE_S, world=task.world)
        found.append(Explained(told, task.job.binding))
    return tuple(found)
