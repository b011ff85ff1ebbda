"""The tasks of one sync: each an object in a phase and a wave, with what has been recorded of it so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.models import words
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Health
from reconciler.models.result import SyncPhase
from reconciler.plan import hooks

ResultKey = tuple[ObjectKey, str]
"""An object and the phase of its task: a hook may run in several."""

FAILED_HEALTH = frozenset({"Degraded", "Unknown"})
UNDER_WAY = frozenset({"Progressing", "Suspended"})


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the operation knows of a task. `state` is empty while it is pending, then as Argo CD's `hookPhase`."""

    status: str = ""
    state: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One object in one phase. `manifest` is None for an object that is to be pruned.

    `live` is None where the object was not read; `exists` tells. `quiet` is what its turn comes to without a call: the
    object is equal already, or is kept from being pruned. `unapproved`: its pruning waits for a person.
    """

    phase: SyncPhase
    wave: int
    key: ObjectKey
    manifest: Manifest | None = None
    live: LiveObject | None = None
    exists: bool = False
    health: Health | None = None
    is_hook: bool = False
    quiet: Recorded | None = None
    unapproved: bool = False
    recorded: Recorded = Recorded()

    @property
    def is_prune(self) -> bool:
        return self.manifest is None

    @property
    def is_pending(self) -> bool:
        return not self.recorded.state

    @property
    def is_running(self) -> bool:
        return self.recorded.state == words.RUNNING

    @property
    def is_over(self) -> bool:
        return self.recorded.state in words.COMPLETED

    @property
    def has_failed(self) -> bool:
        return self.is_over and self.recorded.state != words.SUCCEEDED

    @property
    def was_refused(self) -> bool:
        """Whether writing it failed, unlike a hook or object that came to nothing later."""
        return self.recorded.status == "SyncFailed"

    @property
    def group(self) -> tuple[SyncPhase, int]:
        return self.phase, self.wave

    @property
    def result_key(self) -> ResultKey:
        return self.key, str(self.phase)

    def refreshed(self) -> Task:
        """The task as its live object tells now. Argo CD: once Degraded stays failed, whatever comes later."""
        if not self.is_running or not self.exists:
            return self
        return replace(self, recorded=_hook_told(self) if self.is_hook else _object_told(self))


def wave_of(manifest: Manifest) -> int:
    """Argo CD: its own annotation, else Helm's weight, of whatever object; else 0, also for what is no number."""
    marks = manifest.annotations
    for annotation in (words.SYNC_WAVE, words.HELM_HOOK_WEIGHT):
        if annotation in marks:
            try:
                return int(marks[annotation])
            except ValueError:
                continue
    return 0


def recorded_results(state: JsonObject) -> Mapping[ResultKey, JsonObject]:
    """`syncResult.resources` of an operation, by object and phase."""
    entries = (state.get("syncResult") or {}).get("resources") or ()
    return {result_key(entry): entry for entry in entries}


def result_key(entry: JsonObject) -> ResultKey:
    """Which task an entry of `syncResult.resources` tells of."""
    key = ObjectKey(entry.get("group", ""), entry["kind"], entry.get("namespace", ""), entry["name"])
    return key, str(entry.get("syncPhase") or "Sync")


def with_results(tasks: Iterable[Task], results: Mapping[ResultKey, JsonObject]) -> tuple[Task, ...]:
    """The tasks with what has been recorded of them."""
    if not results:
        return tuple(tasks)
    found = ((task, results.get(task.result_key)) for task in tasks)
    return tuple(replace(task, recorded=_recorded(entry)) if entry else task for task, entry in found)


def hook_tasks(
    manifests: Iterable[Manifest], lives: Mapping[ObjectKey, LiveObject | None], revision: str, state: JsonObject
) -> tuple[Task, ...]:
    """One task for each phase that a hook names. The manifests are named; health is told by `judged`."""
    found = []
    for manifest in manifests:
        for phase in hooks.sync_phases(manifest):
            hook = hooks.named(manifest, phase, revision, state)
            live = lives.get(hook.key)
            task = Task(phase, wave_of(hook), hook.key, hook, live, exists=live is not None, is_hook=True)
            found.append(task)
    return tuple(found)


def _recorded(entry: JsonObject) -> Recorded:
    return Recorded(entry.get("status", ""), entry.get("hookPhase", ""), entry.get("message", ""))


def _hook_told(task: Task) -> Recorded:
    """Argo CD: Healthy or without health is done, Degraded and Unknown have failed. One that goes will not end."""
    health, before = task.health, task.recorded
    if health is not None and health.status in FAILED_HEALTH:
        return replace(before, state=words.FAILED, message=health.message)
    if health is None or health.status == "Healthy":
        return replace(before, state=words.SUCCEEDED, message=health.message if health else before.message)
    if task.live is not None and task.live.is_terminating:
        return replace(before, state=words.FAILED, message=f"{task.key.kind} {task.key.name} was deleted while it ran")
    return replace(before, message=health.message or before.message)


def _object_told(task: Task) -> Recorded:
    health, before = task.health, task.recorded
    if health is None or health.status == "Healthy":
        return replace(before, state=words.SUCCEEDED)
    if health.status == "Degraded":
        return replace(before, state=words.FAILED, message=health.message or before.message)
    return before
