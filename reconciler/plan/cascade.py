"""Which objects go when their Application is deleted, in which order, and when its finalizers may go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.models.observed import Condition, Observed
from reconciler.plan.farewell import (
    CLEANUPS,
    STAGES,
    Farewell,
    Leaving,
    Stage,
    clean_stage,
    is_delete_hook,
    run_stage,
)
from reconciler.plan.hooks import is_held
from reconciler.plan.options import option, options_of
from reconciler.plan.order import prune_ordered
from reconciler.plan.proof import Claim, Deletion, Kept, Propagation, deletion, refusal
from reconciler.plan.steps import Step
from reconciler.plan.tasks import wave_of
from reconciler.plan.times import instant_of

HOOK_FINALIZERS = frozenset(
    {
        words.PRE_DELETE_FINALIZER,
        words.PRE_DELETE_CLEANUP,
        words.POST_DELETE_FINALIZER,
        words.POST_DELETE_CLEANUP,
    }
)
ARGO_FINALIZERS = frozenset(words.CASCADE_PROPAGATION) | HOOK_FINALIZERS


@dataclass(frozen=True, slots=True)
class Cascade:
    """One pass of a deletion. `release` are the finalizers that may be removed; `hooks` are calls for its hooks."""

    delete: tuple[Deletion, ...] = ()
    kept: tuple[Kept, ...] = ()
    release: tuple[str, ...] = ()
    condition: Condition | None = None
    why: str = ""
    hooks: tuple[Step, ...] = ()


def cascade(
    app: Application,
    observed: Observed,
    claim: Claim,
    *,
    destination_gone: bool = False,
    leaving: Leaving | None = None,
) -> Cascade:
    """What this pass of a deletion does: hooks, objects, hooks, clean-up, one after the other.

    `leaving` has the hooks, which are needed as long as a finalizer of theirs is there.

    `observed` holds every live object of the application, read in this pass; a kind that could not be read stops all.
    `destination_gone` is proven by the caller from a fresh, complete list of cluster Secrets.
    Argo CD: reverse sync waves, one after the other; CRDs, `Delete=false` and `helm.sh/resource-policy: keep` stay.
    """
    present = [name for name in app.metadata.finalizers if name in ARGO_FINALIZERS]
    if not app.is_deleting or not present:
        return Cascade(why="nothing is to be deleted")
    if destination_gone:
        return Cascade(
            release=tuple(present), why="the destination cluster is not registered any more: objects are left"
        )
    if words.PRE_DELETE_FINALIZER in present:
        return _hooked(leaving, "PreDelete", run_stage, STAGES)
    if _cascading(app):
        return _objects(app, observed, claim)
    if words.POST_DELETE_FINALIZER in present:
        return _hooked(leaving, "PostDelete", run_stage, STAGES)
    stage: Stage = "PreDelete" if words.PRE_DELETE_CLEANUP in present else "PostDelete"
    return _hooked(leaving, stage, clean_stage, CLEANUPS)


def needs_hooks(app: Application) -> bool:
    """Whether the deletion has still something to do with hooks, so that they have to be known."""
    return any(name in HOOK_FINALIZERS for name in app.metadata.finalizers)


def finalizer_patch(app: Application, release: Sequence[str]) -> list[JsonObject]:
    """JSON patch that removes these finalizers and fails when anybody changed the list in between."""
    before = list(app.metadata.finalizers)
    after = [name for name in before if name not in release]
    tests: list[JsonObject] = [
        {"op": "test", "path": "/metadata/uid", "value": app.uid},
        {"op": "test", "path": "/metadata/finalizers", "value": before},
    ]
    return [*tests, {"op": "replace", "path": "/metadata/finalizers", "value": after}] if after != before else []


def _hooked(
    leaving: Leaving | None,
    stage: Stage,
    run: Callable[[Leaving, Stage], Farewell],
    finalizers: Mapping[Stage, str],
) -> Cascade:
    if leaving is None:
        why = f"{stage} hooks could not be read, so the deletion waits"
        return Cascade(condition=Condition(words.DELETION_ERROR, why), why=why)
    found = run(leaving, stage)
    release = (finalizers[stage],) if found.done else ()
    return Cascade(release=release, condition=found.condition, why=found.why, hooks=found.steps)


def _objects(app: Application, observed: Observed, claim: Claim) -> Cascade:
    obstacle = _obstacle(observed)
    if obstacle:
        return Cascade(condition=Condition(words.DELETION_ERROR, obstacle), why=obstacle)
    lives = _owned(observed, claim)
    kept = tuple(Kept(live.key, why) for live in lives if (why := _stays(live, app, claim)))
    staying = {item.key for item in kept}
    going = [live for live in lives if live.key not in staying]
    return _next_wave(app, lives, going, kept)


def _obstacle(observed: Observed) -> str | None:
    if observed.incomplete:
        kind, why = next(iter(observed.incomplete.items()))
        return f"{kind} could not be read, so the deletion waits: {why}"
    failed = next((f"{key}: {item.error}" for key, item in observed.readings.items() if item.error), None)
    return f"not every object could be read, so the deletion waits: {failed}" if failed else None


def _owned(observed: Observed, claim: Claim) -> list[LiveObject]:
    """Live objects with our mark; whatever else was read is none of this deletion's business."""
    read = [item.live for item in observed.readings.values() if item.live] + list(observed.extra.values())
    every = {live.key: live for live in read}
    return [live for live in prune_ordered(every.values()) if _is_marked(live, claim) and not is_delete_hook(live)]


def _is_marked(live: LiveObject, claim: Claim) -> bool:
    tracking = claim.tracking
    if tracking.by_label:
        return live.labels.get(tracking.label_key) == claim.instance
    return live.annotations.get(words.TRACKING_ID, "").startswith(f"{claim.instance}:")


def _stays(live: LiveObject, app: Application, claim: Claim) -> str | None:
    if option("Delete", live, options_of(app.spec.sync_options)) == "false":
        return "Delete=false"
    if live.annotations.get(words.HELM_RESOURCE_POLICY) == "keep":
        return f"{words.HELM_RESOURCE_POLICY} is keep"
    return refusal(live, claim)


def _next_wave(
    app: Application, lives: Sequence[LiveObject], going: Sequence[LiveObject], kept: tuple[Kept, ...]
) -> Cascade:
    asked = [str(live.key) for live in going if not live.is_terminating and _needs_approval(live, app)]
    if asked:
        return Cascade(kept=kept, why=f"waiting for deletion confirmation of {', '.join(asked[:3])}")
    # Argo CD: an object that is being deleted blocks what comes next, even one that this deletion would have left.
    leaving = [live for live in lives if live.is_terminating]
    if not going and not leaving:
        return Cascade(kept=kept, release=_cascading(app), why="no object is left to delete")
    wave = max(wave_of(live) for live in (*going, *leaving))
    # What is deleted already, but held by our finalizer, such as a hook of a sync that was cut off, waits for us alone.
    batch = [live for live in going if wave_of(live) == wave and (not live.is_terminating or is_held(live))]
    propagation = _propagation(app)
    deletions = tuple(deletion(live, propagation, "its Application was deleted") for live in batch)
    return Cascade(deletions, kept, why=f"{len(going)} objects remaining for deletion")


def _needs_approval(live: LiveObject, app: Application) -> bool:
    options = options_of(app.spec.sync_options)
    if "confirm" not in (option("Delete", live, options), option("Prune", live, options)):
        return False
    approved = instant_of(app.metadata.annotations.get(words.DELETION_APPROVED, ""))
    deleted = instant_of(app.metadata.deletion_timestamp)
    return approved is None or deleted is None or approved < deleted


def _cascading(app: Application) -> tuple[str, ...]:
    return tuple(name for name in app.metadata.finalizers if name in words.CASCADE_PROPAGATION)


def _propagation(app: Application) -> Propagation:
    return "Background" if words.FINALIZER_BACKGROUND in app.metadata.finalizers else "Foreground"
