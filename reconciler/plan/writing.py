"""One object's step: what is sent, in which way, and what is moved before it."""

from __future__ import annotations

from reconciler.models import words
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.result import Action
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.migration import migration
from reconciler.plan.options import options_of
from reconciler.plan.proof import claim_of
from reconciler.plan.respect import respecting
from reconciler.plan.steps import Situation, Step, Work
from reconciler.plan.way import Way, way_of


def writing(situation: Situation, work: Work, item: ObjectComparison, desired: Manifest) -> Step:
    """The step that makes `item` as desired. Raises what running jq raises, where ignored fields are respected."""
    app, policy, live = situation.app, situation.policy, item.live
    claim = claim_of(app, policy.project, policy.destination, instance=policy.instance, lens=policy.lens)
    way = way_of(desired, live, work.sync, claim)
    if live is None:
        return Step("create", item.key, desired, reason=item.reason, way=way)
    sent = _respected(situation, work, live, desired)
    moved = _moved(situation, work, live, way)
    action: Action = "replace" if way.whole else "apply"
    return Step(action, item.key, sent, live, moved, item.differences, item.reason, way=way)


def shared_refusal(situation: Situation, work: Work) -> str | None:
    """Argo CD: with `FailOnSharedResource=true` an object that another application claims ends the operation."""
    if options_of(work.sync.sync_options).get("FailOnSharedResource") != words.TRUE:
        return None
    shared = (item for item in situation.comparison.conditions if item.type == words.SHARED_RESOURCE_WARNING)
    first = next(shared, None)
    return f"Shared resource found: {first.message}" if first else None


def _respected(situation: Situation, work: Work, live: LiveObject, desired: Manifest) -> Manifest:
    """Argo CD: with `RespectIgnoreDifferences=true` what is not compared is not written either."""
    if options_of(work.sync.sync_options).get("RespectIgnoreDifferences") != words.TRUE:
        return desired
    rules = situation.policy.lens.rules(situation.app.spec.ignore_differences)
    return respecting(desired, live, rules, situation.policy.manager)


def _moved(situation: Situation, work: Work, live: LiveObject, way: Way) -> list[JsonObject] | None:
    """managedFields to write first. Argo CD: unless `ClientSideApplyMigration=false`; a replacement needs none."""
    if way.whole or options_of(work.sync.sync_options).get("ClientSideApplyMigration") == "false":
        return None
    named = situation.app.metadata.annotations.get(words.MIGRATION_MANAGER)
    return migration(live, situation.policy.manager, (named,) if named else ())
