"""From verdicts to the tasks of one sync: what is applied, what is pruned, which hooks run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.models import words
from reconciler.models.keys import Revision
from reconciler.models.manifest import LiveObject
from reconciler.models.observed import Desired
from reconciler.plan import hooks
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.operation import attempt_of
from reconciler.plan.options import option, options_of
from reconciler.plan.proof import Claim, refusal
from reconciler.plan.prune import Pruning
from reconciler.plan.results import kept_result, recorded_of, unchanged
from reconciler.plan.steps import Situation, Work
from reconciler.plan.tasks import Recorded, Task, hook_tasks, recorded_results, wave_of, with_results
from reconciler.plan.waves import in_order


def tasks_of(
    situation: Situation, work: Work, items: Iterable[ObjectComparison], pruning: Pruning, claim: Claim
) -> tuple[Task, ...]:
    """All tasks of the sync, in order, with what has been recorded of them."""
    chosen = tuple(items)
    every = (*_ordinary(chosen), *_prunes(chosen, pruning), *_hooks(situation, work, claim))
    options = options_of(work.sync.sync_options)
    ordered = in_order(every, prune_last=lambda task: _is_last(task.live, options))
    return with_results(ordered, recorded_results(work.state))


def runs_hooks(situation: Situation, work: Work) -> bool:
    """Argo CD: hooks run with the strategy `hook`, which is the default, and not in a sync of named objects."""
    strategy = work.sync.sync_strategy
    applies = strategy is not None and strategy.apply is not None and strategy.hook is None
    return not work.sync.resources and not applies and bool(_phased(situation.desired))


def _phased(desired: Desired | None) -> bool:
    return desired is not None and any(hooks.sync_phases(item) for item in desired.hooks)


def _ordinary(items: Iterable[ObjectComparison]) -> Iterator[Task]:
    for item in items:
        if item.desired is None or item.sync not in ("Synced", "OutOfSync"):
            continue
        quiet = recorded_of(unchanged(item)) if item.sync == "Synced" else None
        exists, wave = item.rung != "absent", wave_of(item.desired)
        health = item.health if exists else None
        yield Task("Sync", wave, item.key, item.desired, item.live, exists=exists, health=health, quiet=quiet)


def _prunes(items: Iterable[ObjectComparison], pruning: Pruning) -> Iterator[Task]:
    quiet = {kept.key: recorded_of(kept_result(kept)) for kept in pruning.kept}
    quiet |= {live.key: Recorded("Pruned", words.SUCCEEDED, "pruned") for live in pruning.leaving}
    waiting = {live.key for live in pruning.waiting}
    for item in items:
        if item.requires_pruning and item.live is not None:
            task = Task("Sync", wave_of(item.live), item.key, None, item.live, exists=True, quiet=quiet.get(item.key))
            yield replace(task, unapproved=item.key in waiting)


def _hooks(situation: Situation, work: Work, claim: Claim) -> Iterator[Task]:
    if not runs_hooks(situation, work) or situation.desired is None:
        return
    lens, attempt = situation.policy.lens, attempt_of(situation.app, work.state)
    revision = (situation.desired.revisions or (Revision(""),))[0]
    for task in hook_tasks(situation.desired.hooks, situation.observed.hooks or {}, revision, work.state):
        if task.live is None:
            yield task
            continue
        under_way = hooks.is_of(task.live, attempt, task.phase) and hooks.is_held(task.live)
        why = None if under_way else refusal(task.live, claim)
        quiet = Recorded("SyncFailed", words.FAILED, f"it is there already, and stays: {why}") if why else None
        yield replace(task, health=lens.health(task.live.body), quiet=quiet)


def _is_last(live: LiveObject | None, options: dict[str, str]) -> bool:
    return live is not None and option("PruneLast", live, options) == words.TRUE
