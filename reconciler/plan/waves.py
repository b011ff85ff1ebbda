"""In which order the tasks of a sync run: phase, wave, kind, name; what others need goes along with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from reconciler.models import words
from reconciler.models.keys import GroupKind
from reconciler.plan.order import NAMESPACE, defined_kinds, rank
from reconciler.plan.tasks import Task
from reconciler.plan.tracking import CRD

PHASE_RANK = {phase: place for place, phase in enumerate(words.SYNC_PHASES)}
Needs = Callable[[Task], bool]


def in_order(tasks: Iterable[Task], *, prune_last: Callable[[Task], bool] = lambda _: False) -> tuple[Task, ...]:
    """The tasks as they run. Whatever order they come in, they leave in the same one.

    Argo CD: prunes run through their waves backwards, or after the last wave where that is asked for; a Namespace and a
    CustomResourceDefinition run right before the first object that lives in them, in its phase and wave.
    """
    placed = _last(_mirrored(tuple(tasks)), prune_last)
    ordered = sorted(placed, key=_sort_key(_own_kinds(placed)))
    return tuple(_hoisted(_hoisted(ordered, NAMESPACE), CRD))


def groups(tasks: Iterable[Task]) -> list[list[Task]]:
    """Ordered tasks by phase and wave."""
    return [list(group) for _, group in groupby(tasks, key=lambda task: task.group)]


def is_multi_step(tasks: Sequence[Task]) -> bool:
    """Whether more than one phase or wave is run. Argo CD: then each group waits for the health of the one before."""
    return bool(tasks) and tasks[0].group != tasks[-1].group


def _sort_key(own: Collection[GroupKind]) -> Callable[[Task], tuple[object, ...]]:
    # A custom kind may bear the name of a built-in one that goes before CRDs (Calico's NetworkPolicy does).
    return lambda task: (PHASE_RANK[task.phase], task.wave, task.key.group_kind in own, rank(task.key), task.is_hook)


def _own_kinds(tasks: Iterable[Task]) -> Collection[GroupKind]:
    return defined_kinds(task.manifest for task in tasks if task.manifest is not None)


def _mirrored(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    waves = sorted({task.wave for task in tasks if task.is_prune})
    mirror = dict(zip(waves, reversed(waves), strict=True))
    return tuple(replace(task, wave=mirror[task.wave]) if task.is_prune else task for task in tasks)


def _last(tasks: tuple[Task, ...], prune_last: Callable[[Task], bool]) -> tuple[Task, ...]:
    last = max((task.wave for task in tasks if task.phase == "Sync"), default=0)
    after = max(last, 0) + 1
    return tuple(replace(task, wave=after) if task.is_prune and prune_last(task) else task for task in tasks)


def _hoisted(tasks: Sequence[Task], kind: GroupKind) -> list[Task]:
    """Moves each task of `kind` before the first task that needs it, if it comes later."""
    found = list(tasks)
    for task in tasks:
        if task.key.group_kind != kind or task.manifest is None:
            continue
        needs, at = _needed(task), found.index(task)
        first = next((place for place, other in enumerate(found[:at]) if needs(other)), None)
        if first is not None:
            user = found[first]
            del found[at]
            found.insert(first, replace(task, phase=user.phase, wave=user.wave))
    return found


def _needed(task: Task) -> Needs:
    """Which tasks cannot be before `task` was."""
    if task.key.group_kind == NAMESPACE:
        return lambda other: not other.is_prune and other.key.namespace == task.key.name
    kinds = defined_kinds([task.manifest] if task.manifest else [])
    return lambda other: not other.is_prune and other.key.group_kind in kinds
