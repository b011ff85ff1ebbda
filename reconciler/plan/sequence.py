"""What a sync does next: a pure, re-entrant step from its tasks, as recorded and as they are now.

Argo CD's algorithm of one wake-up. It keeps no state of its own: whoever comes after a crash decides the same again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.models import words
from reconciler.models.result import Phase
from reconciler.plan import hooks
from reconciler.plan.tasks import Recorded, Task
from reconciler.plan.waves import groups, is_multi_step

ALL_RUN = "successfully synced (all tasks run)"
NO_MORE_TASKS = "successfully synced (no more tasks)"
APPLY_FAILED = "one or more objects failed to apply"
UNSUCCESSFUL = "one or more synchronization tasks completed unsuccessfully"

Awaited = Literal["health", "deletion", "approval"]


@dataclass(frozen=True, slots=True)
class Advance:
    """One batch: hooks whose finalizer goes, hooks and objects that go, objects that are written.

    `is_last`: the sync has succeeded as soon as all of it has. `ends_badly`: it has failed as soon as any of it has.
    `settles`: what is written counts as done, whatever becomes of it; only hooks are left to be deleted.
    """

    tasks: tuple[Task, ...]
    release: tuple[Task, ...] = ()
    prune: tuple[Task, ...] = ()
    clean: tuple[Task, ...] = ()
    apply: tuple[Task, ...] = ()
    is_last: bool = False
    ends_badly: bool = False
    settles: bool = False
    message: str = ""
    """What is waited for once it is done."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing to do before something else has happened."""

    tasks: tuple[Task, ...]
    awaited: Awaited
    message: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The sync is over once these hooks have been let go and deleted."""

    tasks: tuple[Task, ...]
    phase: Phase
    message: str
    release: tuple[Task, ...] = ()
    clean: tuple[Task, ...] = ()


Next = Advance | Pause | Finish


def advance(tasks: Sequence[Task], attempt: str, *, out_of_sync_only: bool = False) -> Next:
    """The next step. `tasks` are in order and carry what was recorded; `attempt` stamps the hooks of this attempt."""
    # Where nothing is waited for, what becomes of an object is no business of the sync: it may be cut short and go on.
    multi = is_multi_step(tasks)
    known = (_adopted(task, attempt) for task in tasks)
    now = tuple(task.refreshed() if multi or task.is_hook else task for task in known)
    return _Sync(now, attempt, out_of_sync_only).next()


def _adopted(task: Task, attempt: str) -> Task:
    """A pending hook that this attempt has created already: its creator died before it could say so.

    Without the finalizer it is an older one: that goes only after the result was recorded, and here is none.
    """
    live = task.live
    if not (
        task.is_hook and task.is_pending and live and hooks.is_of(live, attempt, task.phase) and hooks.is_held(live)
    ):
        return task
    return replace(task, recorded=Recorded("Synced", words.RUNNING, f"{task.key.name} created"))


@dataclass(frozen=True, slots=True)
class _Sync:
    tasks: tuple[Task, ...]
    attempt: str
    out_of_sync_only: bool

    def next(self) -> Next:
        """Argo CD: failures are looked at only once nothing is running, but for those of writing."""
        rest = self._unfinished_failure() or self._running()
        if rest is not None:
            return rest
        leaving = [task for task in self.tasks if task.is_prune and task.is_over and _is_going(task)]
        if leaving:
            return Pause(self.tasks, "deletion", _waits("deletion of", leaving))
        if any(task.has_failed for task in self._ordinary):
            return self._failure()
        pending = self._pending
        if not pending:
            message = NO_MORE_TASKS
            return Finish(self.tasks, "Succeeded", message, self._held(), self._due(words.HOOK_SUCCEEDED))
        return self._run(groups(pending))

    @property
    def _ordinary(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.phase != "SyncFail")

    @property
    def _pending(self) -> list[Task]:
        pending = [task for task in self._ordinary if task.is_pending]
        if not self.out_of_sync_only:
            return pending
        return [task for task in pending if task.is_hook or task.is_prune or task.quiet is None]

    def _unfinished_failure(self) -> Next | None:
        """A group that was cut short goes on to its end; what was refused in it starts the SyncFail hooks at once."""
        refused = [task for task in self._ordinary if task.was_refused]
        begun = {task.group for task in refused}
        rest = [task for task in self._pending if task.group in begun]
        if rest:
            return self._run([rest, *[[task] for task in self._pending if task.group not in begun]])
        failing = [task for task in self.tasks if task.phase == "SyncFail" and task.is_pending]
        return self._batch(failing, is_last=False) if refused and failing else None

    def _running(self) -> Next | None:
        multi = is_multi_step(self.tasks)
        running = [task for task in self.tasks if task.is_running and (multi or task.is_hook)]
        gone = next((task for task in running if not task.exists), None)
        if gone is not None:
            message = f"{gone.key.kind} {gone.key.name} is gone while the sync waited for it"
            return Finish(self.tasks, "Error", message, self._held())
        return Pause(self.tasks, "health", waiting_for(running)) if running else None

    def _failure(self) -> Next:
        failing = [task for task in self.tasks if task.phase == "SyncFail" and task.is_pending]
        if failing:
            return self._batch(failing, is_last=False)
        return Finish(self.tasks, "Failed", failure_message(self._ordinary), self._held(), self._due(words.HOOK_FAILED))

    def _run(self, pending: list[list[Task]]) -> Next:
        """Runs the first group. One that needs no call is done with, and the next one begins in the same breath."""
        group, later = pending[0], pending[1:]
        has_hooks = any(task.is_hook for task in group)
        is_last = not later and not has_hooks
        if has_hooks or any(task.quiet is None or task.unapproved for task in group):
            return self._batch(group, is_last=is_last)
        told = self._told(group)
        if is_last:
            return Finish(told, "Succeeded", ALL_RUN, self._held(), self._due(words.HOOK_SUCCEEDED))
        return replace(self, tasks=tuple(task.refreshed() for task in told)).next()

    def _batch(self, group: Sequence[Task], *, is_last: bool) -> Next:
        unapproved = [task for task in group if task.unapproved]
        if unapproved:
            return Pause(self.tasks, "approval", _confirmation(unapproved))
        sent = [task for task in group if task.quiet is None]
        prune = tuple(task for task in sent if task.is_prune)
        stale = [task for task in sent if _is_stale(task)]
        if stale:
            return self._swept(prune, stale)
        held = self._held()
        busy = {task.key for task in held}
        apply = tuple(task for task in sent if not task.is_prune and task.key not in busy)
        whole = is_last and len(prune) + len(apply) == len(sent)
        sweeps = bool(self._due(words.HOOK_SUCCEEDED))
        return Advance(
            tasks=self._told(group),
            release=held,
            prune=prune,
            apply=apply,
            is_last=whole and not sweeps,
            ends_badly=not self._survives_failure(group),
            settles=whole and sweeps,
            message=waiting_for(apply) if apply else _waits("deletion of", prune) if prune else "",
        )

    def _swept(self, prune: tuple[Task, ...], stale: Sequence[Task]) -> Next:
        """Old copies of hooks go before anything of their group is written."""
        clean = tuple(task for task in stale if not _is_going(task))
        message = _waits("deletion of", stale)
        if not prune and not clean:
            return Pause(self.tasks, "deletion", message)
        return Advance(self.tasks, self._held(clean), prune, clean, message=message)

    def _survives_failure(self, group: Sequence[Task]) -> bool:
        """Whether there is something to be done or waited for although an object of the group was refused."""
        failing = any(task.phase == "SyncFail" for task in self.tasks)
        return failing or any(task.is_hook for task in group) or bool(self._due(words.HOOK_FAILED))

    def _told(self, group: Sequence[Task]) -> tuple[Task, ...]:
        """All tasks, with what those of the group come to without a call."""
        said = {task.result_key for task in group if task.quiet is not None}
        if not said:
            return self.tasks
        return tuple(
            replace(task, recorded=task.quiet) if task.quiet is not None and task.result_key in said else task
            for task in self.tasks
        )

    def _held(self, beside: Iterable[Task] = ()) -> tuple[Task, ...]:
        """Hooks whose result is known, and which are still kept from going; each object once."""
        others = {task.key for task in beside}
        held = [task for task in self.tasks if task.is_over and task.live and hooks.is_held(task.live)]
        return tuple({task.key: task for task in held if task.is_hook and task.key not in others}.values())

    def _due(self, policy: str) -> tuple[Task, ...]:
        """Hooks of this attempt that are over and whose policy says that they go now."""
        over = [task for task in self.tasks if task.is_hook and task.is_over and task.live and task.manifest]
        due = [task for task in over if policy in hooks.delete_policies(task.manifest or task.live)]  # type: ignore[arg-type]
        return tuple({task.key: task for task in due if task.live and hooks.is_of(task.live, self.attempt)}.values())


def failure_message(tasks: Iterable[Task]) -> str:
    """Why a sync failed. Argo CD: the reasons are those of what could not be written."""
    reasons = [task.recorded.message for task in tasks if task.was_refused]
    if reasons:
        return f"{APPLY_FAILED}, reason: {','.join(reasons)}"
    return UNSUCCESSFUL


def waiting_for(tasks: Sequence[Task]) -> str:
    """Argo CD's words for what a sync waits for: its first task decides whether it speaks of hooks."""
    return _waits("completion of hook" if tasks[0].is_hook else "healthy state of", tasks)


def _is_stale(task: Task) -> bool:
    """A hook that has to go before it is created. One that says otherwise is applied over what is there (Argo CD)."""
    if not task.is_hook or task.live is None or task.manifest is None:
        return False
    return words.BEFORE_HOOK_CREATION in hooks.delete_policies(task.manifest) or task.live.is_terminating


def _is_going(task: Task) -> bool:
    """Whether it will be gone by itself: being deleted, and not kept from it by us."""
    return task.live is not None and task.live.is_terminating and not hooks.is_held(task.live)


def _waits(what: str, tasks: Sequence[Task]) -> str:
    first, more = tasks[0], len(tasks) - 1
    others = f" and {more} more {'hooks' if first.is_hook else 'resources'}" if more else ""
    return f"waiting for {what} {first.key.group}/{first.key.kind}/{first.key.name}{others}"


def _confirmation(tasks: Sequence[Task]) -> str:
    first, more = tasks[0], len(tasks) - 1
    version = first.live.api_version if first.live else first.key.group
    others = f" and {more} more resources" if more else ""
    return f"Waiting for pruning confirmation of {version}/{first.key.kind}/{first.key.name}{others}"
