"""The calls that a decided step of a sync takes, in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.models import words
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, Manifest
from reconciler.plan import hooks
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.operation import attempt_of
from reconciler.plan.options import options_of
from reconciler.plan.order import NAMESPACE
from reconciler.plan.proof import Claim, refusal
from reconciler.plan.prune import Pruning
from reconciler.plan.sequence import Advance, Finish
from reconciler.plan.steps import Situation, Step, Work
from reconciler.plan.tasks import Task
from reconciler.plan.tracking import stamped
from reconciler.plan.writing import writing


@dataclass(frozen=True, slots=True)
class Caller:
    """What calls are made of: verdicts for what is applied, proofs for what is deleted."""

    situation: Situation
    work: Work
    items: Iterable[ObjectComparison]
    pruning: Pruning
    claim: Claim

    def batch(self, step: Advance) -> tuple[Step, ...]:
        """Argo CD: within a wave, what is pruned goes before what is applied."""
        items = {item.key: item for item in self.items}
        return (
            *(_release(task) for task in step.release),
            *namespace_step(self.situation, self.work),
            *self._prunes(step.prune),
            *(_clean(task) for task in step.clean),
            *(self._start(task) if task.is_hook else self._apply(task, items[task.key]) for task in step.apply),
        )

    def last(self, step: Finish) -> tuple[Step, ...]:
        """The hooks that are let go at the end, and those that are deleted."""
        going = [task for task in step.clean if task.live and not refusal(task.live, self.claim)]
        keys = {task.key for task in going}
        return (
            *(_release(task) for task in step.release if task.key not in keys),
            *(_clean(task) for task in going),
        )

    def _prunes(self, tasks: Iterable[Task]) -> Iterable[Step]:
        waves = {task.key: task.wave for task in tasks}
        for item in self.pruning.prune:
            key = item.live.key
            if key in waves:
                step = Step("prune", key, live=item.live, reason=item.reason, propagation=item.propagation)
                yield replace(step, wave=waves[key])

    def _start(self, task: Task) -> Step:
        app, policy = self.situation.app, self.situation.policy
        marked = stamped(
            task.manifest or Manifest({}), policy.instance, policy.destination.namespace, policy.lens.tracking
        )
        body = hooks.claimed(marked, attempt_of(app, self.work.state), task.phase)
        return Step("start", task.key, body, task.live, phase=task.phase, wave=task.wave, is_hook=True)

    def _apply(self, task: Task, item: ObjectComparison) -> Step:
        step = writing(self.situation, self.work, item, task.manifest or Manifest({}))
        usual = (task.phase, task.wave) == (step.phase, step.wave)
        return step if usual else replace(step, phase=task.phase, wave=task.wave)


def namespace_step(situation: Situation, work: Work) -> tuple[Step, ...]:
    """The namespace that `CreateNamespace=true` asks for, unmarked, so that it is never pruned or deleted.

    Argo CD: created in PreSync, before everything else.
    """
    name = situation.app.spec.destination.namespace
    key = ObjectKey(NAMESPACE.group, NAMESPACE.kind, "", name)
    wanted = options_of(work.sync.sync_options).get("CreateNamespace") == words.TRUE
    desired = situation.desired.by_key if situation.desired else {}
    if not wanted or name not in situation.observed.namespaces_missing or key in desired:
        return ()
    body: JsonObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return (Step("create", key, Manifest(body), reason="CreateNamespace=true", phase="PreSync"),)


def _release(task: Task) -> Step:
    place = {"phase": task.phase, "wave": task.wave, "is_hook": True}
    return Step("release", task.key, live=task.live, reason="its result is recorded", **place)  # type: ignore[arg-type]


def _clean(task: Task) -> Step:
    step = Step("clean", task.key, live=task.live, reason="its delete policy says so", propagation="Foreground")
    return replace(step, phase=task.phase, wave=task.wave, is_hook=True)
