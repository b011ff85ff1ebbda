"""Hooks of an Application's deletion: before its objects go, and after they have gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Condition, Desired, Health
from reconciler.plan import hooks
from reconciler.plan.lens import Lens
from reconciler.plan.proof import Claim, refusal
from reconciler.plan.steps import Step
from reconciler.plan.tasks import FAILED_HEALTH
from reconciler.plan.tracking import stamped

Stage = Literal["PreDelete", "PostDelete"]
STAGES: Mapping[Stage, str] = {
    "PreDelete": words.PRE_DELETE_FINALIZER,
    "PostDelete": words.POST_DELETE_FINALIZER,
}
CLEANUPS: Mapping[Stage, str] = {
    "PreDelete": words.PRE_DELETE_CLEANUP,
    "PostDelete": words.POST_DELETE_CLEANUP,
}


@dataclass(frozen=True, slots=True)
class Farewell:
    """What this pass does for the hooks of one stage; `done` when nothing is left to do or to wait for."""

    steps: tuple[Step, ...] = ()
    done: bool = False
    condition: Condition | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Leaving:
    """An Application that is being deleted, and how its hooks are looked at and owned."""

    app: Application
    claim: Claim
    lens: Lens
    hooks: Sequence[Manifest] = ()
    """Every hook as Git has it now."""

    lives: Mapping[ObjectKey, LiveObject | None] | None = None

    @property
    def attempt(self) -> str:
        """Names this deletion on its hooks."""
        return hooks.attempt_id(self.app.uid, {"startedAt": f"deletion {self.app.metadata.deletion_timestamp}"})

    def of_stage(self, stage: Stage) -> tuple[Manifest, ...]:
        """The stage's hooks under their names, which are the same throughout the deletion, whatever Git says later."""
        state: JsonObject = {"startedAt": self.app.metadata.deletion_timestamp}
        chosen = (item for item in self.hooks if stage in hooks.hook_types(item))
        return tuple(hooks.named(item, stage, self.app.uid, state) for item in chosen)

    def live(self, key: ObjectKey) -> LiveObject | None:
        return (self.lives or {}).get(key)


def run_stage(leaving: Leaving, stage: Stage) -> Farewell:
    """Argo CD: all hooks of the type at once, no waves; none or Healthy is done, Degraded has failed and runs again."""
    told = [_one(leaving, stage, manifest) for manifest in leaving.of_stage(stage)]
    obstacles = [found.condition for found in told if found.condition]
    steps = tuple(step for found in told for step in found.steps)
    waiting = [found.why for found in told if not found.done]
    why = "; ".join(waiting) or f"{stage} hooks are done"
    return Farewell(steps, not waiting, obstacles[0] if obstacles else None, why)


def clean_stage(leaving: Leaving, stage: Stage) -> Farewell:
    """After everything else hooks go that their policy lets go, and nothing keeps the others any more."""
    steps = tuple(step for manifest in leaving.of_stage(stage) for step in _cleaned(leaving, manifest))
    return Farewell(steps, not steps, None, f"{len(steps)} {stage} hooks to be cleaned up")


def is_delete_hook(manifest: Manifest) -> bool:
    """Whether the object has its own time to go: a cascade leaves it alone."""
    return bool({"PreDelete", "PostDelete"} & set(hooks.hook_types(manifest)))


def hook_finalizers_patch(app: Application, desired: Desired | None) -> list[JsonObject]:
    """JSON patch that sets the finalizers of deletion hooks where there are such, and takes off those of hooks gone.

    Argo CD: set by the controller; they hold the Application until its hooks have run.
    """
    if desired is None or app.is_deleting:
        return []
    before, wanted = list(app.metadata.finalizers), list(_wanted(desired.hooks))
    known = {*STAGES.values(), *CLEANUPS.values()}
    kept = [name for name in before if name not in known or name in wanted]
    after = [*kept, *(name for name in wanted if name not in kept)]
    if after == before:
        return []
    tests: list[JsonObject] = [{"op": "test", "path": "/metadata/uid", "value": app.uid}]
    if before:
        tests.append({"op": "test", "path": "/metadata/finalizers", "value": before})
    return [*tests, {"op": "add", "path": "/metadata/finalizers", "value": after}]


def _wanted(manifests: Iterable[Manifest]) -> Iterator[str]:
    present = {kind for manifest in manifests for kind in hooks.hook_types(manifest)}
    for stage, finalizer in STAGES.items():
        if stage in present:
            yield from (finalizer, CLEANUPS[stage])


def _one(leaving: Leaving, stage: Stage, manifest: Manifest) -> Farewell:
    key, live, name = manifest.key, leaving.live(manifest.key), f"{manifest.key.kind} {manifest.key.name}"
    forbidden = leaving.claim.project.refusal(key, leaving.claim.destination)
    if forbidden:
        return _stuck(f"{stage} hook {name} cannot run: {forbidden}")
    if live is None:
        return Farewell((_start(leaving, stage, manifest),), why=f"waiting for {stage} hook {name}")
    if not hooks.is_of(live, leaving.attempt, stage):
        kept = refusal(live, leaving.claim)
        if kept:
            return _stuck(f"{stage} hook {name} is there already, and stays: {kept}")
        return Farewell((_clean(live, "an older copy"),), why=f"waiting for an older {name} to go")
    health = leaving.lens.health(live.body)
    if health is not None and health.status in FAILED_HEALTH:
        found = _stuck(f"{stage} hook {name} failed: {health.message}")
        return Farewell((_clean(live, "it failed, and runs again"),), False, found.condition, found.why)
    if live.is_terminating and hooks.is_held(live) and not _is_well(health):
        return Farewell((_clean(live, "it was deleted while it ran"),), why=f"waiting for a deleted {name} to go")
    return Farewell(done=_is_well(health), why=f"waiting for {stage} hook {name}")


def _cleaned(leaving: Leaving, manifest: Manifest) -> Iterator[Step]:
    live = leaving.live(manifest.key)
    if live is None or not hooks.is_of(live, leaving.attempt):
        return
    if words.HOOK_SUCCEEDED in hooks.delete_policies(manifest) and refusal(live, leaving.claim) is None:
        yield _clean(live, "its delete policy says so")
    elif hooks.is_held(live):
        yield Step("release", live.key, live=live, reason="its Application is gone", is_hook=True)


def _start(leaving: Leaving, stage: Stage, manifest: Manifest) -> Step:
    claim, namespace = leaving.claim, leaving.app.spec.destination.namespace
    marked = stamped(manifest, claim.instance, namespace, claim.tracking)
    return Step("start", manifest.key, hooks.claimed(marked, leaving.attempt, stage), reason=stage, is_hook=True)


def _clean(live: LiveObject, reason: str) -> Step:
    return Step("clean", live.key, live=live, reason=reason, propagation="Foreground", is_hook=True)


def _is_well(health: Health | None) -> bool:
    return health is None or health.status == "Healthy"


def _stuck(message: str) -> Farewell:
    return Farewell(condition=Condition(words.DELETION_ERROR, message), why=message)
