"""RollingSync: a state machine whose whole state lies in the set's status, so that any pass can go on with it.

    Waiting ─ its step is open ─▶ Pending ─ its sync began ─▶ Progressing ─ Synced and Healthy ─▶ Healthy
       ▲                                                                                            │
       └────────────────────── another revision, or out of sync again ──────────────────────────────┘

A step is open when every application of all earlier steps is there and Healthy. Argo CD: performProgressiveSyncs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.generate.faults import GeneratorFault
from reconciler.generate.selectors import selects
from reconciler.models.applicationset import ApplicationSet, RolloutStatus, RolloutStep
from reconciler.models.manifest import JsonObject, LiveObject

WAITING, PENDING, PROGRESSING, HEALTHY = "Waiting", "Pending", "Progressing", "Healthy"
UNMATCHED: Final = -1
"""The step of what no step names: it is never synced by the rollout."""

RETRY_LIMIT: Final = 5
LOOK_AGAIN_S: Final = 10.0

SAYS: Final[Mapping[str, str]] = {
    WAITING: "Application has pending changes, setting status to Waiting",
    PENDING: "Application moved to Pending status, watching for the Application resource to start Progressing.",
    PROGRESSING: "Application resource became Progressing, updating status from Pending to Progressing.",
    HEALTHY: "Application resource became Healthy, updating status from Progressing to Healthy.",
}


@dataclass(frozen=True, slots=True)
class Rollout:
    """One look: the states to write down first, and then the applications to sync."""

    states: Sequence[JsonObject]
    syncs: Sequence[LiveObject]
    is_done: bool
    invalid: str = ""


def is_rolling(appset: ApplicationSet) -> bool:
    """Whether applications are synced step by step. Raises GeneratorFault for a strategy that is none."""
    strategy = appset.spec.strategy
    if strategy is None or strategy.type in ("", "AllAtOnce"):
        return False
    if strategy.type != "RollingSync":
        raise GeneratorFault(f"spec.strategy.type is {strategy.type!r}; use AllAtOnce or RollingSync")
    return True


def held_back(body: JsonObject) -> JsonObject:
    """The Application without automated sync of its own; whether it prunes stays. Argo CD: automated.enabled=false."""
    policy = body["spec"].get("syncPolicy") or {}
    if not policy.get("automated"):
        return body
    automated = {**policy["automated"], "enabled": False}
    return {**body, "spec": {**body["spec"], "syncPolicy": {**policy, "automated": automated}}}


def next_look(
    appset: ApplicationSet, wanted: Sequence[JsonObject], live: Mapping[str, LiveObject], *, now: datetime
) -> Rollout:
    """What follows from the states as they are written down and from what the applications say now."""
    steps = (
        appset.spec.strategy.rolling_sync.steps if appset.spec.strategy and appset.spec.strategy.rolling_sync else ()
    )
    invalid = _fault(steps)
    known = {state.application: state for state in appset.status.application_status}
    places = {body["metadata"]["name"]: _step_of(body, steps) for body in wanted}
    seen = {name: _seen(known.get(name), live.get(name), name, step) for name, step in sorted(places.items())}
    opened = _opened(seen, steps)
    states = {name: _moved_to(state, PENDING) if name in opened else state for name, state in seen.items()}
    pending = [name for name, state in states.items() if state.status == PENDING and name in live]
    syncs = [live[name] for name in pending if name in opened or _unasked(live[name], states[name])]
    rows = [_row(state, known.get(name), now) for name, state in states.items()]
    counted = [state for name, state in states.items() if places[name] != UNMATCHED]
    return Rollout(rows, syncs, all(state.status == HEALTHY for state in counted), invalid)


def operation(live: LiveObject) -> JsonObject:
    """The sync that a rollout asks for. Argo CD: options and retry are the application's own."""
    policy = (live.body.get("spec") or {}).get("syncPolicy") or {}
    sync: JsonObject = {"syncOptions": policy["syncOptions"]} if policy.get("syncOptions") else {}
    if (policy.get("automated") or {}).get("prune"):
        sync["prune"] = True
    told = {"name": "Reason", "value": "ApplicationSet RollingSync triggered a sync of this Application resource"}
    return {
        "initiatedBy": {"username": "applicationset-controller", "automated": True},
        "info": [told],
        "retry": policy.get("retry") or {"limit": RETRY_LIMIT},
        "sync": sync,
    }


def step_of(body: JsonObject, appset: ApplicationSet) -> int:
    """The place of an Application in the rollout, from 0."""
    rolling = appset.spec.strategy.rolling_sync if appset.spec.strategy else None
    return _step_of(body, rolling.steps if rolling else ())


def _step_of(body: JsonObject, steps: Sequence[RolloutStep]) -> int:
    labels = (body.get("metadata") or {}).get("labels") or {}
    for place, step in enumerate(steps):
        if step.match_expressions and _matches(step, labels):
            return place
    return UNMATCHED


def _matches(step: RolloutStep, labels: Mapping[str, str]) -> bool:
    demands = [demand for demand in step.match_expressions if demand.get("operator") in ("In", "NotIn")]
    if len(demands) < len(step.match_expressions):
        return False
    try:
        return selects({"matchExpressions": demands}, labels)
    except GeneratorFault:
        return False


def _fault(steps: Sequence[RolloutStep]) -> str:
    """What is wrong with the steps; the others count all the same."""
    if not steps:
        return "spec.strategy.rollingSync.steps is empty: no application is synced"
    for place, step in enumerate(steps):
        wrong = [one for one in step.match_expressions if one.get("operator") not in ("In", "NotIn")]
        if wrong or not step.match_expressions:
            return f"spec.strategy.rollingSync.steps[{place}] needs matchExpressions with operator In or NotIn"
        if step.match_expressions in [other.match_expressions for other in steps[:place]]:
            return f"spec.strategy.rollingSync.steps[{place}] is the same as an earlier one"
    return ""


def _seen(state: RolloutStatus | None, live: LiveObject | None, name: str, step: int) -> RolloutStatus:
    """The state after what the application says of itself."""
    words = str(step + 1 if step != UNMATCHED else step)
    if state is None or live is None:
        message = "No Application status found, defaulting status to Waiting"
        return RolloutStatus(application=name, status=WAITING, step=words, message=message)
    status = live.body.get("status") or {}
    revisions = _revisions(status)
    sync, health = (status.get("sync") or {}).get("status"), (status.get("health") or {}).get("status")
    state = state.model_copy(update={"step": words})
    is_new = revisions != state.target_revisions and bool(revisions)
    if state.status not in (WAITING, PENDING) and (is_new or (state.status == HEALTHY and sync == "OutOfSync")):
        state = _moved_to(state, WAITING)
    state = state.model_copy(update={"target_revisions": revisions or state.target_revisions})
    if state.status == PENDING and _began(status, state):
        state = _moved_to(state, PROGRESSING)
    if state.status in (WAITING, PROGRESSING) and sync == "Synced":
        is_well = health == "Healthy" and not live.body.get("operation")
        return _moved_to(state, HEALTHY) if is_well else _moved_to(state, PROGRESSING)
    return state


def _began(status: JsonObject, state: RolloutStatus) -> bool:
    """Whether the sync that was asked for has begun, or can never begin."""
    started = str((status.get("operationState") or {}).get("startedAt") or "")
    broken = {"InvalidSpecError", "UnknownError"} & {one.get("type") for one in status.get("conditions") or ()}
    return started >= state.last_transition_time or bool(broken)


def _unasked(live: LiveObject, state: RolloutStatus) -> bool:
    """Whether nobody has asked yet for the sync of a Pending application: a pass that died may have left that."""
    return not live.body.get("operation") and not _began(live.body.get("status") or {}, state)


def _opened(states: Mapping[str, RolloutStatus], steps: Sequence[RolloutStep]) -> frozenset[str]:
    """Waiting applications that may go on now."""
    found: set[str] = set()
    for place, step in enumerate(steps):
        own = [state for state in states.values() if state.step == str(place + 1)]
        busy = sum(state.status in (PENDING, PROGRESSING) for state in own)
        waiting = [state.application for state in own if state.status == WAITING and state.last_transition_time]
        found.update(waiting[: max(0, _limit(step.max_update, len(own)) - busy)])
        if any(state.status != HEALTHY for state in own):
            break
    return frozenset(found)


def _limit(most: int | str | None, count: int) -> int:
    """How many applications of a step may be under way. Argo CD: percentages floor, but to no less than one."""
    if most is None:
        return count
    if isinstance(most, int):
        return most
    share = most.removesuffix("%")
    if not share.isdigit():
        return count
    return 0 if int(share) == 0 else max(1, math.floor(count * int(share) / 100))


def _revisions(status: JsonObject) -> tuple[str, ...]:
    sync = status.get("sync") or {}
    return tuple(sync.get("revisions") or ([sync["revision"]] if sync.get("revision") else []))


def _moved_to(state: RolloutStatus, status: str) -> RolloutStatus:
    return state if state.status == status else state.model_copy(update={"status": status, "message": SAYS[status]})


def _row(state: RolloutStatus, before: RolloutStatus | None, now: datetime) -> JsonObject:
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    moved = before is None or before.status != state.status or not before.last_transition_time
    return {
        "application": state.application,
        "lastTransitionTime": at if moved else state.last_transition_time,
        "message": state.message,
        "status": state.status,
        "step": state.step,
        "targetRevisions": list(state.target_revisions),
    }


def reversed_deletes(appset: ApplicationSet, deletes: Sequence[LiveObject]) -> Iterator[LiveObject]:
    """With deletionOrder Reverse, only those of the last step that has any. Argo CD: one at a time."""
    if appset.spec.strategy is None or appset.spec.strategy.deletion_order != "Reverse" or not deletes:
        yield from deletes
        return
    yield max(deletes, key=lambda live: (step_of(live.body, appset), live.key.name))
