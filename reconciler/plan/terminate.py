"""How an operation ends before its time: its running hooks go, and what is finished keeps its true result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.models import words
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.result import Phase
from reconciler.plan import hooks
from reconciler.plan.operation import End, attempt_of, ended, failed, running
from reconciler.plan.proof import claim_of, refusal
from reconciler.plan.steps import Course, Plan, Situation, Step
from reconciler.plan.tasks import UNDER_WAY, recorded_results
from reconciler.plan.times import instant_of, rfc3339

AWAY = "the operation is terminated, and ends when the hooks that it started can be read"
AGAIN_S = 15.0
PATIENCE_S = 300.0
"""A destination that is away is waited for this long, since nobody else lets go of the operation's hooks."""

UNREAD = "Operation termination had errors: its hooks could not be read and are left"


def terminated(situation: Situation, move: End) -> Plan:
    """The last pass of an operation that is terminated, or whose request was withdrawn."""
    plan = Plan(situation.comparison, move, situation.policy, situation.desired, why=str(move.state["message"]))
    lives = situation.observed.hooks
    if lives is None and any(hooks.recorded_hooks(move.state)):
        if waiting := _postponed(situation):
            return replace(plan, operation_state=waiting, next_due_s=AGAIN_S, why=AWAY)
        return replace(plan, operation_state=ended(move.state, "Error", UNREAD, now=situation.now), why=UNREAD)
    steps = tuple(_leave(situation, move.state, "its operation was terminated"))
    state = _told(move.state, frozenset(step.key for step in steps if step.action == "clean"))
    # What could not be done in this pass is tried again at once: the operation is over only when its hooks are.
    return replace(plan, operation_state=state, steps=steps, next_due_s=0.0 if steps else None)


def given_up(plan: Plan, situation: Situation, message: str, phase: Phase = "Failed") -> Plan:
    """The same plan for an attempt that fails out of turn: its hooks go first, since no later attempt knows them."""
    state = plan.operation_state or {}
    leaves = tuple(_leave(situation, state, "its attempt has failed"))
    if not leaves:
        return replace(plan, operation_state=failed(state, message, phase=phase, now=situation.now), why=message)
    course = Course(ending=(phase, message), is_claimed=True)
    return replace(plan, operation_state=running(state, message), steps=leaves, course=course, why=message)


def _postponed(situation: Situation) -> JsonObject | None:
    """The state of an operation whose end waits for its destination, for so long; `finishedAt` is since when."""
    state = situation.app.status.operation_state
    if state is None or not situation.policy.is_outage:
        return None
    since = (instant_of(state.finished_at) if state.phase == words.TERMINATING else None) or situation.now
    if (situation.now - since).total_seconds() >= PATIENCE_S:
        return None
    return {**state.to_json(), "phase": words.TERMINATING, "finishedAt": rfc3339(since)}


def _leave(situation: Situation, state: JsonObject, why: str) -> Iterator[Step]:
    """The hooks of this attempt; where there is nobody in whose name objects could be written, they stay."""
    app, policy = situation.app, situation.policy
    if policy.identity_problem:
        return
    claim = claim_of(app, policy.project, policy.destination, instance=policy.instance, lens=policy.lens)
    attempt = attempt_of(app, state)
    for key, live in sorted((situation.observed.hooks or {}).items()):
        if live is None or not hooks.is_of(live, attempt):
            continue
        health = policy.lens.health(live.body)
        if health is not None and health.status in UNDER_WAY and refusal(live, claim) is None:
            yield Step("clean", key, live=live, reason=why, propagation="Foreground", is_hook=True)
        elif hooks.is_held(live):
            yield Step("release", key, live=live, reason="its operation is over", is_hook=True)


def _told(state: JsonObject, gone: frozenset[ObjectKey]) -> JsonObject:
    """Argo CD: a running hook that was deleted says so."""
    if not gone:
        return state
    entries = [
        {**entry, "hookPhase": words.SUCCEEDED, "message": "Deleted"}
        if key in gone and entry.get("hookPhase") == words.RUNNING
        else entry
        for (key, _), entry in recorded_results(state).items()
    ]
    return {**state, "syncResult": {**state["syncResult"], "resources": entries}}
