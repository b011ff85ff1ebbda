"""Which objects that are no longer desired may be deleted, and why the others stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.models.manifest import LiveObject
from reconciler.models.observed import Observed
from reconciler.plan.compare import Comparison, ObjectComparison
from reconciler.plan.guard import NO_LIMIT, PruneLimit
from reconciler.plan.options import option
from reconciler.plan.order import prune_ordered
from reconciler.plan.proof import Claim, Deletion, Kept, Propagation, deletion, refusal

PRUNE_OFF = "requires pruning"
PRUNE_FALSE = "no prune"
"""Argo CD's words for the two ordinary reasons; a result says `ignored (…)`."""

PROPAGATION: Mapping[str, Propagation] = {
    "foreground": "Foreground",
    "background": "Background",
    "orphan": "Orphan",
}
"""`PrunePropagationPolicy` of an operation. Argo CD: foreground where nothing is said."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What speaks for and against pruning in this pass."""

    claim: Claim
    render_ok: bool
    """Every source was resolved and rendered without error in this very pass."""

    requested: bool
    """The operation's `prune`."""

    automated: bool
    allow_empty: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """Sync options of the operation."""

    limit: PruneLimit = NO_LIMIT
    """How much an automated operation may prune without a confirmation."""

    started_at: datetime | None = None
    approved_at: datetime | None = None
    """Argo CD: an approval counts from the start of the operation on."""


@dataclass(frozen=True, slots=True)
class Pruning:
    """The verdict: what goes, what waits for a person, what stays."""

    prune: tuple[Deletion, ...] = ()
    waiting: tuple[LiveObject, ...] = ()
    leaving: tuple[LiveObject, ...] = ()
    """Already being deleted; not deleted twice."""

    kept: tuple[Kept, ...] = ()
    why_waiting: str = ""
    """Why all of it waits for a person, where it is not for what single objects ask."""


Selected = Callable[[ObjectComparison], bool]


def prunable(comparison: Comparison, observed: Observed, grounds: Grounds, selected: Selected) -> Pruning:
    """Applies the table of proofs to every selected object that is live and not desired."""
    extra = [item for item in comparison.objects if item.requires_pruning and selected(item)]
    general = _general_refusal(comparison, grounds)
    reasons = {item.key: general or _refusal(item, observed, grounds) for item in extra}
    kept = tuple(Kept(key, why) for key, why in reasons.items() if why)
    free = [item.live for item in extra if item.live and not reasons[item.key]]
    return _guarded(_sorted_out(free, kept, grounds), comparison, grounds)


def _guarded(pruning: Pruning, comparison: Comparison, grounds: Grounds) -> Pruning:
    """Ours: too much at once waits for the same confirmation that `Prune=confirm` asks for."""
    if not grounds.automated or _is_approved(grounds):
        return pruning
    going = len(pruning.prune) + len(pruning.waiting)
    present = sum(1 for item in comparison.objects if item.live is not None or item.sync == "Synced")
    why = grounds.limit.passed(going, present)
    if why is None:
        return pruning
    held = tuple(item.live for item in pruning.prune)
    return replace(pruning, prune=(), waiting=(*pruning.waiting, *held), why_waiting=why)


def _sorted_out(free: list[LiveObject], kept: tuple[Kept, ...], grounds: Grounds) -> Pruning:
    staying = [live for live in free if not live.is_terminating]
    waiting = [live for live in staying if _needs_approval(live, grounds)]
    going = [live for live in staying if live not in waiting]
    propagation = PROPAGATION.get(grounds.options.get("PrunePropagationPolicy", ""), "Foreground")
    return Pruning(
        prune=tuple(deletion(live, propagation, "no longer in the sources") for live in prune_ordered(going)),
        waiting=tuple(waiting),
        leaving=tuple(live for live in free if live.is_terminating),
        kept=kept,
    )


def _general_refusal(comparison: Comparison, grounds: Grounds) -> str | None:
    if not grounds.requested:
        return PRUNE_OFF
    if not grounds.render_ok:
        return "not every source was rendered in this pass"
    if comparison.sync == "Unknown":
        return "the comparison is incomplete"
    if grounds.automated and not grounds.allow_empty and _nothing_remains(comparison):
        return "nothing would remain, and allowEmpty is off"
    return None


def _refusal(item: ObjectComparison, observed: Observed, grounds: Grounds) -> str | None:
    if item.live is None or item.key not in observed.extra:
        return "it was not read in this pass"
    unread = next((kind for kind in observed.incomplete if kind.group == item.key.group), None)
    if unread is not None:
        return f"{unread} could not be read, so nothing of its group is pruned"
    if option("Prune", item.live, grounds.options) == "false":
        return PRUNE_FALSE
    return refusal(item.live, grounds.claim)


def _needs_approval(live: LiveObject, grounds: Grounds) -> bool:
    return option("Prune", live, grounds.options) == "confirm" and not _is_approved(grounds)


def _is_approved(grounds: Grounds) -> bool:
    approved, started = grounds.approved_at, grounds.started_at
    return approved is not None and started is not None and approved >= started


def _nothing_remains(comparison: Comparison) -> bool:
    return all(item.requires_pruning for item in comparison.objects if item.sync is not None)
