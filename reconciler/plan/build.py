"""From what was read to what is done: the algorithm of one pass, as values.

read → compare → is an operation under way? else: is a sync due? → steps, or the reason why there are none.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.errors import NotHonoured, SpecError, Transient
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.observed import Condition, Desired, Observed
from reconciler.models.result import Phase
from reconciler.plan.autosync import Decision, Nothing, StartSync, Wait, auto_sync, same_sources
from reconciler.plan.compare import Comparison, ObjectComparison, compare, not_compared
from reconciler.plan.operation import End, Hold, Move, Run, ended, is_automated, next_move, running, start
from reconciler.plan.permissions import check_application
from reconciler.plan.prune import prunable
from reconciler.plan.steps import Plan, Policy, Situation, Work
from reconciler.plan.terminate import given_up, terminated
from reconciler.plan.times import instant_of
from reconciler.plan.windows import closed
from reconciler.plan.work import everything, grounds, work_on
from reconciler.plan.writing import shared_refusal

BUSY_S = 5.0
"""Where nobody could run a script that a write depends on, it is tried again after this long."""


def build_plan(app: Application, desired: Desired | None, observed: Observed, policy: Policy, *, now: datetime) -> Plan:
    """Decides one pass. `desired` is None where nothing could be rendered; `policy.conditions` then says why."""
    situation = Situation(app, desired, observed, policy, judge(app, desired, observed, policy), now)
    move = next_move(app, now=now)
    if not policy.may_write:
        return _look_only(situation, move)
    if isinstance(move, Run):
        return _continue(situation, move)
    if isinstance(move, Hold):
        return replace(_verdict(situation, move, move.why), operation_state=move.state, next_due_s=move.due_s)
    if isinstance(move, End):
        return terminated(situation, move)
    return _consider(situation)


def judge(app: Application, desired: Desired | None, observed: Observed, policy: Policy) -> Comparison:
    """The comparison of a pass, before and again after its writes; what the project forbids is Unknown.

    Argo CD: an Application that its project forbids is not compared at all.
    """
    forbidden = check_application(app, policy.project, policy.destination)
    if forbidden or desired is None:
        # What reading brought up comes first: without a destination there is nothing to check it against.
        return not_compared(*(policy.conditions or forbidden or (_UNRENDERED,)))
    lens = policy.lens
    compared = compare(app, desired, observed, lens.rules(app.spec.ignore_differences), lens)
    objects = tuple(_permitted(item, policy) for item in compared.objects)
    # Argo CD: what the project forbids counts as not there, so an application that wants it is not in sync.
    sync = "OutOfSync" if compared.sync == "Synced" and objects != compared.objects else compared.sync
    return replace(compared, objects=objects, sync=sync, conditions=(*policy.conditions, *compared.conditions))


_UNRENDERED = Condition(words.COMPARISON_ERROR, "the sources could not be rendered")


def _permitted(item: ObjectComparison, policy: Policy) -> ObjectComparison:
    if item.sync is None or item.sync == "Unknown":
        return item
    why = policy.project.refusal(item.key, policy.destination)
    return replace(item, sync="Unknown", reason=why) if why else item


def _look_only(situation: Situation, move: Move) -> Plan:
    """Nothing may be written to the cluster; an operation asked for in vain ends with the reason."""
    policy, why = situation.policy, "; ".join(situation.policy.reasons)
    plan = _verdict(situation, Nothing(why), why)
    if not policy.may_record:
        return plan
    conditions = tuple(Condition(NotHonoured.condition, reason) for reason in policy.reasons)
    if isinstance(move, Run | Hold):
        move = End(ended(move.state, "Error", why, now=situation.now))
    if isinstance(move, End):
        plan = replace(plan, decision=move, operation_state=move.state)
    return replace(plan, conditions=conditions)


def _continue(situation: Situation, move: Run) -> Plan:
    """Works on the operation in `.operation`, unless a window holds it where it is."""
    work = Work.of(move.state)
    plan = _held(situation, work) or _work(situation, work)
    return replace(plan, decision=move, compares_spec=_is_of_spec(situation, work))


def _held(situation: Situation, work: Work) -> Plan | None:
    """Argo CD: an operation that windows forbid stays Running, says so, and goes on once they allow it."""
    windows, started = situation.policy.project.windows, instant_of(str(work.state.get("startedAt") or ""))
    manual = not is_automated(work.state)
    shut = closed(situation.app, windows, manual=manual, now=situation.now, started=started)
    if shut is None:
        return None
    plan = _verdict(situation, Run(work.state), shut.why)
    return replace(plan, operation_state=running(work.state, shut.why), waits=True, next_due_s=shut.due_s)


def _work(situation: Situation, work: Work) -> Plan:
    """Steps of an operation; where the comparison failed, so has the attempt.

    Argo CD: error conditions end the attempt as Error, with the conditions as its message. Not so here while a server
    is away: attempts would run out in an outage, and a sync that failed is not tried again at the same commit.
    """
    errors = [item for item in situation.comparison.conditions if item.type.endswith("Error")]
    if not errors and situation.desired is not None:
        return _decided(situation, work)
    message = ";".join(f"{item.type}: {item.message}" for item in errors)
    if _goes_by(situation):
        return replace(_verdict(situation, Run(work.state), message), operation_state=work.state, waits=True)
    return _failed(situation, work, message, "Error")


def _decided(situation: Situation, work: Work) -> Plan:
    """The steps, unless the operation's own options keep it from going on, or a script that they need does."""
    try:
        message = shared_refusal(situation, work)
        if situation.policy.identity_problem and not work.sync.dry_run:
            # Argo CD: an operation for which there is nobody to impersonate ends as Error.
            return _failed(situation, work, situation.policy.identity_problem, "Error")
        if message is None:
            return work_on(situation, work)
    except SpecError as error:
        message = str(error)
    except Transient as error:
        plan = _verdict(situation, Run(work.state), str(error))
        return replace(plan, operation_state=work.state, waits=True, next_due_s=error.retry_after_s or BUSY_S)
    return _failed(situation, work, message)


def _failed(situation: Situation, work: Work, message: str, phase: Phase = "Failed") -> Plan:
    plan = replace(_verdict(situation, Run(work.state), message), operation_state=work.state)
    return given_up(plan, situation, message, phase)


def _goes_by(situation: Situation) -> bool:
    """Whether nothing but an outage kept this pass from comparing."""
    failed_reads = [reading for reading in situation.observed.readings.values() if reading.error]
    return situation.policy.is_outage or (bool(failed_reads) and all(item.is_passing for item in failed_reads))


def _consider(situation: Situation) -> Plan:
    """No operation: is one due by itself?"""
    if situation.desired is None:
        return _verdict(situation, Nothing("nothing was compared"), "nothing was compared")
    app, revisions = situation.app, situation.desired.revisions
    decision = auto_sync(app, situation.comparison, revisions, now=situation.now, kept=_never_pruned(situation))
    shut = closed(app, situation.policy.project.windows, manual=False, now=situation.now)
    if shut is not None and isinstance(decision, StartSync):
        return replace(_verdict(situation, Nothing(shut.why), shut.why), next_due_s=shut.due_s)
    if isinstance(decision, StartSync):
        work = Work.of(start(decision.operation, now=situation.now))
        return replace(_work(situation, work), decision=decision)
    plan = _verdict(situation, decision, decision.why)
    if isinstance(decision, Wait):
        return replace(plan, next_due_s=decision.due_s)
    return replace(plan, conditions=(decision.condition,)) if decision.condition else plan


def _verdict(situation: Situation, decision: Move | Decision, why: str) -> Plan:
    """A plan that does nothing."""
    return Plan(situation.comparison, decision, situation.policy, situation.desired, why=why)


def _never_pruned(situation: Situation) -> frozenset[ObjectKey]:
    """What an automated sync would have to leave where it is, so that none is started for that alone."""
    automated = situation.app.spec.automated
    if automated is None or not automated.prune:
        return frozenset()
    options = list(situation.app.spec.sync_options)
    operation = {"sync": {"prune": True, "syncOptions": options}, "initiatedBy": {"automated": True}}
    work = Work.of(start(operation, now=situation.now))
    asked = replace(grounds(situation, work), allow_empty=True)
    return frozenset(item.key for item in prunable(situation.comparison, situation.observed, asked, everything).kept)


def _is_of_spec(situation: Situation, work: Work) -> bool:
    """Whether what the operation rendered is what the spec asks for, as far as the last comparison knew."""
    if situation.desired is None:
        return False
    spec, shown = situation.app.spec, situation.app.status.sync
    sources = work.sync.sources or ((work.sync.source,) if work.sync.source else ())
    if sources and not same_sources(sources, spec.all_sources):
        return False
    pins = work.sync.revisions if spec.sources else (work.sync.revision,)
    followed = all(pin in ("", source.target_revision) for pin, source in zip(pins, spec.all_sources, strict=False))
    return followed or situation.desired.revisions == (shown.revisions or (shown.revision,))
