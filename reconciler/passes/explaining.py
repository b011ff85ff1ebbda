"""Why each source of an application would be rendered now, or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.models.application import Application
from reconciler.passes.desired import RENDER_DEADLINE_S, Means, Reads, job_of, resolve_all, tree_of, wishes
from reconciler.passes.elsewhere import Elsewhere
from reconciler.passes.standing import project_rules
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
    rules = project_rules(app.spec.project, readers)
    wanted = wishes(app, readers, operation.target(app, may_write=False, now=now))
    reads = Reads()
    world = Elsewhere(readers, rules, readers.resolve, reads)
    means, found = Means(readers, reads, world, Submodules(readers, rules).tree), []
    for wish, resolution in zip(wanted, resolve_all(wanted, readers.resolve, reads), strict=True):
        if is_lender(wish.source):
            continue
        tree = tree_of(wish, resolution, means)
        job = job_of(app, wish, resolution, readers)
        told = explained(readers.renderer, job, tree, deadline_s=RENDER_DEADLINE_S, world=world)
        found.append(Explained(told, resolution.binding))
    return tuple(found)
