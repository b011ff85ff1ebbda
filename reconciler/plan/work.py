"""The steps of one operation, and what of its outcome is known without a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.models import words
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.operation import SyncResource
from reconciler.models.result import ObjectResult
from reconciler.plan import sequence
from reconciler.plan.calls import Caller, namespace_step
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.operation import Run, attempt_of, ended, failed, is_automated, running
from reconciler.plan.options import options_of
from reconciler.plan.proof import claim_of
from reconciler.plan.prune import Grounds, Selected, prunable
from reconciler.plan.results import recorded_of, said, sync_result, task_entry
from reconciler.plan.sequence import ALL_RUN, Advance, Finish, Next, Pause
from reconciler.plan.steps import Course, Plan, Situation, Step, Work
from reconciler.plan.tasking import runs_hooks, tasks_of
from reconciler.plan.tasks import Recorded, Task, recorded_results
from reconciler.plan.terminate import given_up
from reconciler.plan.times import instant_of
from reconciler.plan.waves import is_multi_step

TASKS_INVALID = "one or more synchronization tasks are not valid"
TASKS_RUN = "one or more tasks are running"
AGAIN_S: dict[sequence.Awaited, float | None] = {"health": 30.0, "deletion": 2.0, "approval": None}
"""When to look again although nobody has told of a change; an approval is an edit of the Application."""


def everything(_: ObjectComparison) -> bool:
    """The selection of a sync that names no objects."""
    return True


def selection(resources: Sequence[SyncResource]) -> Selected:
    """Which objects a partial sync covers. Argo CD: kind, group and name, and the namespace where one is given."""
    if not resources:
        return everything
    return lambda item: any(_covers(resource, item.key) for resource in resources)


def grounds(situation: Situation, work: Work) -> Grounds:
    """What this pass knows for and against pruning by this operation."""
    app, policy, desired = situation.app, situation.policy, situation.desired
    automated = app.spec.automated
    return Grounds(
        claim=claim_of(app, policy.project, policy.destination, instance=policy.instance, lens=policy.lens),
        render_ok=desired is not None and not any(item.type.endswith("Error") for item in policy.conditions),
        requested=work.sync.prune,
        automated=is_automated(work.state),
        allow_empty=automated is not None and automated.allow_empty,
        options=options_of(work.sync.sync_options),
        limit=policy.project.prune_limit,
        started_at=instant_of(str(work.state.get("startedAt") or "")),
        approved_at=instant_of(app.metadata.annotations.get(words.DELETION_APPROVED, "")),
    )


def work_on(situation: Situation, work: Work) -> Plan:
    """What this pass does for an operation whose comparison succeeded."""
    if runs_hooks(situation, work) and situation.observed.hooks is None and not work.sync.dry_run:
        # Hooks are read by the pass that finds the operation under way.
        return replace(_base(situation, work), operation_state=running(work.state, TASKS_RUN), why=TASKS_RUN)
    chosen, asked = selection(work.sync.resources), grounds(situation, work)
    items = [item for item in situation.comparison.objects if chosen(item) and item.sync is not None]
    pruning = prunable(situation.comparison, situation.observed, asked, chosen)
    tasks = tasks_of(situation, work, items, pruning, asked.claim)
    refused = dict(_refused(situation, work, items, tasks))
    if refused:
        return _invalid(situation, work, refused)
    caller = Caller(situation, work, items, pruning, asked.claim)
    if work.sync.dry_run:
        return _only_tried(situation, work, tasks, caller)
    only = options_of(work.sync.sync_options).get("ApplyOutOfSyncOnly") == words.TRUE
    step = sequence.advance(tasks, attempt_of(situation.app, work.state), out_of_sync_only=only)
    if isinstance(step, Pause) and step.awaited == "approval" and pruning.why_waiting:
        step = replace(step, message=f"{step.message}: {pruning.why_waiting}")
    state = with_tasks(situation, work.state, step.tasks)
    base = replace(_base(situation, work), operation_state=state, known=tuple(_news(tasks, step.tasks)))
    return _planned(base, step, caller)


def with_tasks(situation: Situation, state: JsonObject, tasks: Iterable[Task]) -> JsonObject:
    """The state of an operation with all that its tasks have come to so far."""
    entries = dict(recorded_results(state))
    told = [task for task in tasks if task.recorded.state]
    entries |= {task.result_key: task_entry(task, entries.get(task.result_key)) for task in told}
    revisions = situation.desired.revisions if situation.desired else ()
    return {**state, "syncResult": sync_result(situation.app, state, list(entries.values()), revisions)}


def _planned(base: Plan, step: Next, caller: Caller) -> Plan:
    state = base.operation_state or {}
    if isinstance(step, Pause):
        waiting = running(state, step.message)
        due_s = AGAIN_S[step.awaited]
        return replace(base, operation_state=waiting, waits=True, next_due_s=due_s, why=step.message)
    if isinstance(step, Finish):
        return _finished(base, step, caller.last(step), caller.situation)
    steps = caller.batch(step)
    course = Course(
        is_last=step.is_last,
        ends_badly=step.ends_badly,
        settles=step.settles,
        message=step.message,
        is_claimed=is_multi_step(step.tasks) or any(item.is_hook for item in steps),
    )
    state = running(state, _told(step)) if course.is_claimed or not steps else state
    return replace(base, operation_state=state, steps=steps, course=course, why=_writes(steps))


def _finished(base: Plan, step: Finish, steps: tuple[Step, ...], situation: Situation) -> Plan:
    state, now = base.operation_state or {}, situation.now
    plan = replace(base, why=step.message)
    if steps:
        course = Course(ending=(step.phase, step.message), is_claimed=True)
        return replace(plan, operation_state=running(state, TASKS_RUN), steps=steps, course=course)
    if step.phase == words.SUCCEEDED:
        return replace(plan, operation_state=ended(state, step.phase, step.message, now=now))
    return replace(plan, operation_state=failed(state, step.message, phase=step.phase, now=now))


def _base(situation: Situation, work: Work) -> Plan:
    state = work.state
    return Plan(situation.comparison, Run(state), situation.policy, situation.desired, operation_state=state)


def _told(step: Advance) -> str:
    """Which step it is: a patch tests what the last one said, so no two may say the same."""
    first = next(iter((*step.apply, *step.prune, *step.clean)), None)
    return f"{TASKS_RUN} ({first.phase} wave {first.wave})" if first else TASKS_RUN


def _writes(steps: Sequence[Step]) -> str:
    return "1 write" if len(steps) == 1 else f"{len(steps)} writes"


def _news(before: Iterable[Task], after: Iterable[Task]) -> Iterator[ObjectResult]:
    """What this pass learnt of tasks without a call."""
    for old, new in zip(before, after, strict=True):
        if old.is_pending and not new.is_pending:
            yield ObjectResult(new.key, "keep", ok=not new.was_refused, message=new.recorded.message)


def _covers(resource: SyncResource, key: ObjectKey) -> bool:
    named = (resource.group, resource.kind, resource.name) == (key.group, key.kind, key.name)
    return named and resource.namespace in ("", key.namespace)


def _refused(
    situation: Situation, work: Work, items: Iterable[ObjectComparison], tasks: Iterable[Task]
) -> Iterator[tuple[ObjectKey, str]]:
    """Argo CD: a task that the project forbids, or that is not valid, keeps the whole operation from starting."""
    policy = situation.policy
    wanted = [item.key for item in items if item.desired]
    wanted += [task.key for task in tasks if task.is_hook]
    wanted += [step.key for step in namespace_step(situation, work)]
    for key in dict.fromkeys(wanted):
        why = policy.project.refusal(key, policy.destination) or situation.observed.invalid.get(key)
        if why:
            yield key, why


def _invalid(situation: Situation, work: Work, refused: dict[ObjectKey, str]) -> Plan:
    message = f"{TASKS_INVALID}: {', '.join(refused.values())}"
    told = [Task("Sync", 0, key, recorded=Recorded("SyncFailed", words.FAILED, why)) for key, why in refused.items()]
    versions = {item.key: item.desired for item in situation.comparison.objects}
    named = [replace(task, manifest=versions.get(task.key)) for task in told]
    state = with_tasks(situation, work.state, named)
    known = tuple(ObjectResult(key, "keep", ok=False, message=why) for key, why in refused.items())
    return given_up(replace(_base(situation, work), operation_state=state, known=known), situation, message)


def _only_tried(situation: Situation, work: Work, tasks: Sequence[Task], caller: Caller) -> Plan:
    """Argo CD: a dry run is the client's; nothing is sent, and nothing enters the history."""
    every = Advance(
        tuple(tasks),
        prune=tuple(task for task in tasks if task.is_prune and task.quiet is None),
        apply=tuple(task for task in tasks if not task.is_prune and task.quiet is None),
    )
    steps = {(step.key, str(step.phase)): step for step in caller.batch(every)}
    tried = {
        place: recorded_of(ObjectResult(step.key, step.action, ok=True, message=f"{said(step)} (dry run)"))
        for place, step in steps.items()
    }
    told = [replace(task, recorded=tried.get(task.result_key) or task.quiet or task.recorded) for task in tasks]
    state = ended(with_tasks(situation, work.state, told), "Succeeded", ALL_RUN, now=situation.now)
    actions = {place: step.action for place, step in steps.items()}
    known = tuple(
        ObjectResult(task.key, actions.get(task.result_key, "keep"), ok=True, message=task.recorded.message)
        for task in told
    )
    return replace(_base(situation, work), operation_state=state, known=known, why="dry run")
