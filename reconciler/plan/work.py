"""The steps of one operation, and what of its outcome is known without a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.models import words
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.operation import SyncResource
from reconciler.models.result import ObjectResult
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.operation import Run, ended, failed, is_automated, running
from reconciler.plan.options import options_of
from reconciler.plan.order import NAMESPACE
from reconciler.plan.proof import claim_of
from reconciler.plan.prune import Grounds, Pruning, Selected, prunable
from reconciler.plan.results import failure, kept_result, said, unchanged
from reconciler.plan.steps import Plan, Situation, Step, Work
from reconciler.plan.times import instant_of
from reconciler.plan.writing import writing

TASKS_INVALID = "one or more synchronization tasks are not valid"
ALL_RUN = "successfully synced (all tasks run)"


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
        started_at=instant_of(str(work.state.get("startedAt") or "")),
        approved_at=instant_of(app.metadata.annotations.get(words.DELETION_APPROVED, "")),
    )


def work_on(situation: Situation, work: Work) -> Plan:
    """What this pass does for an operation whose comparison succeeded."""
    chosen = selection(work.sync.resources)
    items = [item for item in situation.comparison.objects if chosen(item) and item.sync is not None]
    refused = _refused(situation, work, items)
    if refused:
        return _invalid(situation, work, refused)
    pruning = prunable(situation.comparison, situation.observed, grounds(situation, work), chosen)
    if pruning.waiting:
        state = running(work.state, _confirmation(pruning.waiting))
        return replace(_base(situation, work), operation_state=state, waits=True, why=str(state["message"]))
    steps = (*_namespace(situation, work), *_prunes(pruning), *_applies(situation, work, items))
    if work.sync.dry_run:
        return _only_tried(situation, work, items, steps)
    done = _recorded(work.state)
    equal = (unchanged(item) for item in items if item.sync == "Synced" and item.key not in done)
    known = (*equal, *_not_pruned(pruning))
    return replace(
        _base(situation, work), steps=steps, known=known, why="1 write" if len(steps) == 1 else f"{len(steps)} writes"
    )


def _base(situation: Situation, work: Work) -> Plan:
    state = work.state
    return Plan(situation.comparison, Run(state), situation.policy, situation.desired, operation_state=state)


def _covers(resource: SyncResource, key: ObjectKey) -> bool:
    named = (resource.group, resource.kind, resource.name) == (key.group, key.kind, key.name)
    return named and resource.namespace in ("", key.namespace)


def _refused(situation: Situation, work: Work, items: Iterable[ObjectComparison]) -> tuple[ObjectResult, ...]:
    """Argo CD: a task that the project forbids keeps the whole operation from starting."""
    policy = situation.policy
    wanted = [manifest.key for manifest in (item.desired for item in items) if manifest]
    wanted += [step.key for step in _namespace(situation, work)]
    reasons = ((key, policy.project.refusal(key, policy.destination)) for key in wanted)
    return tuple(failure(key, why) for key, why in reasons if why)


def _invalid(situation: Situation, work: Work, refused: tuple[ObjectResult, ...]) -> Plan:
    message = f"{TASKS_INVALID}: {', '.join(result.message for result in refused)}"
    state = failed(work.state, message, now=situation.now)
    return replace(_base(situation, work), operation_state=state, known=refused, why=message)


def _confirmation(waiting: Sequence[LiveObject]) -> str:
    first = waiting[0]
    others = f" and {len(waiting) - 1} more resources" if len(waiting) > 1 else ""
    return f"Waiting for pruning confirmation of {first.api_version}/{first.key.kind}/{first.key.name}{others}"


def _namespace(situation: Situation, work: Work) -> tuple[Step, ...]:
    """The namespace that `CreateNamespace=true` asks for, unmarked, so that it is never pruned or deleted."""
    name = situation.app.spec.destination.namespace
    key = ObjectKey(NAMESPACE.group, NAMESPACE.kind, "", name)
    wanted = options_of(work.sync.sync_options).get("CreateNamespace") == words.TRUE
    desired = situation.desired.by_key if situation.desired else {}
    if not wanted or name not in situation.observed.namespaces_missing or key in desired:
        return ()
    body: JsonObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return (Step("create", key, Manifest(body), reason="CreateNamespace=true"),)


def _prunes(pruning: Pruning) -> tuple[Step, ...]:
    """Argo CD: within a wave, what is pruned goes before what is applied."""
    return tuple(
        Step("prune", item.live.key, live=item.live, reason=item.reason, propagation=item.propagation)
        for item in pruning.prune
    )


def _applies(situation: Situation, work: Work, items: Iterable[ObjectComparison]) -> tuple[Step, ...]:
    done = _recorded(work.state)
    return tuple(
        writing(situation, work, item, item.desired)
        for item in items
        if item.sync == "OutOfSync" and item.desired is not None and item.key not in done
    )


def _recorded(state: JsonObject) -> set[ObjectKey]:
    """Objects that this attempt has already written or failed to: they are not tried twice."""
    resources = (state.get("syncResult") or {}).get("resources") or ()
    return {
        ObjectKey(item.get("group", ""), item["kind"], item.get("namespace", ""), item["name"]) for item in resources
    }


def _not_pruned(pruning: Pruning) -> tuple[ObjectResult, ...]:
    leaving = (ObjectResult(live.key, "prune", ok=True, message="pruned") for live in pruning.leaving)
    return (*(kept_result(item) for item in pruning.kept), *leaving)


def _only_tried(situation: Situation, work: Work, items: Sequence[ObjectComparison], steps: Sequence[Step]) -> Plan:
    """Argo CD: a dry run is the client's; nothing is sent, and nothing enters the history."""
    tried = [ObjectResult(step.key, step.action, ok=True, message=f"{said(step)} (dry run)") for step in steps]
    known = (*tried, *(unchanged(item) for item in items if item.sync == "Synced"))
    state = ended(work.state, "Succeeded", ALL_RUN, now=situation.now)
    return replace(_base(situation, work), operation_state=state, known=known, why="dry run")
