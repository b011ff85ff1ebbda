"""One pass of an Application's deletion: its objects first, wave after wave, its finalizers last."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.apply import run
from reconciler.clusters.cluster import Cluster
from reconciler.clusters.registry import DestinationUnknown
from reconciler.errors import ObjectRejected, ReconcilerError, SpecError, Transient
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.observed import Condition, Observed
from reconciler.models.result import Action, ObjectResult, ReconcileResult
from reconciler.passes.acting import writer_to
from reconciler.passes.desired import Reads, desired_of, resolve_all, wishes
from reconciler.passes.elsewhere import Elsewhere
from reconciler.passes.lens import lens_of
from reconciler.passes.observed import Ladder, Mine, Recollection, observe_owned, read_hooks
from reconciler.passes.rendering import Means, render_all
from reconciler.passes.standing import Standing, Target, aim
from reconciler.passes.submodules import Submodules
from reconciler.passes.telling import tell_deletion
from reconciler.plan.cascade import Cascade, cascade, finalizer_patch, needs_hooks
from reconciler.plan.farewell import Leaving, Stage
from reconciler.plan.hooks import is_held
from reconciler.plan.lens import PLAIN, Lens
from reconciler.plan.operation import of_spec
from reconciler.plan.patch import deletion_patch
from reconciler.plan.permissions import EVERYTHING, check_sources
from reconciler.plan.proof import Deletion, claim_of
from reconciler.plan.steps import Step
from reconciler.services import Services
from reconciler.store.lease import Held

LOOK_AGAIN_S = 2.0
"""Objects that are going are looked at this often: where nobody watches, nobody tells that they are gone."""

OBSTACLE_S = 15.0


def take_down(standing: Standing, services: Services, held: Held, *, now: datetime) -> ReconcileResult:
    """Deletes what this pass may delete, and lets the Application go once nothing is left. Raises LeaseLost."""
    if not standing.gate.may_write:
        return ReconcileResult(standing.app.key, standing.app.uid, "skipped", why="; ".join(standing.gate.reasons))
    decided, target = _decide(standing, services)
    results = _delete(decided, target, services, held) if target else ()
    _record(standing.app, decided, services, held, now=now)
    tell_deletion(standing.app, decided, results, services)
    held.next_due_s = OBSTACLE_S if decided.condition else LOOK_AGAIN_S
    return ReconcileResult(standing.app.key, standing.app.uid, "acted", objects=results, why=decided.why)


def _decide(standing: Standing, services: Services) -> tuple[Cascade, Target | None]:
    app = standing.app
    try:
        target, lens = aim(app, services.readers), lens_of(services.readers, app.spec.project)
        if target.identity.problem:
            return _obstacle(SpecError(target.identity.problem)), None
        claim = claim_of(app, target.project, target.destination, instance=standing.instance, lens=lens)
        leaving = _leaving(standing, target, Leaving(app, claim, lens), services) if needs_hooks(app) else None
        owned = _owned(standing, target.cluster, lens, services)
        return cascade(app, owned, claim, leaving=leaving), target
    except DestinationUnknown:
        return _without_destination(standing, services), None
    except (SpecError, Transient, ObjectRejected) as error:
        return _obstacle(error), None


def _without_destination(standing: Standing, services: Services) -> Cascade:
    """Argo CD: objects on a cluster that is not registered are left. Believed only after a fresh, complete look."""
    app, wanted = standing.app, standing.app.spec.destination
    claim = claim_of(app, EVERYTHING, wanted, instance=standing.instance, lens=PLAIN)
    try:
        services.readers.clusters.open(wanted.server, wanted.name, fresh=True)
    except DestinationUnknown:
        return cascade(app, Observed({}), claim, destination_gone=True)
    except (SpecError, Transient) as error:
        return _obstacle(error)
    return Cascade(why="the destination is known again")


def _leaving(standing: Standing, target: Target, leaving: Leaving, services: Services) -> Leaving:
    """The hooks as Git has them now. Argo CD: what cannot be rendered holds up the deletion, too."""
    app, readers, reads = standing.app, services.readers, Reads()
    asked, project = of_spec(app), target.project
    forbidden = check_sources(asked.sources, project, several=asked.is_several)
    if forbidden:
        raise SpecError(forbidden[0].message)
    wanted = wishes(app, readers, asked)
    resolutions = resolve_all(wanted, readers.resolve, reads)
    elsewhere = Elsewhere(readers, project, readers.resolve, reads)
    means = Means(readers, reads, elsewhere, Submodules(readers, project).tree, target.cluster)
    renderings = render_all(app, wanted, resolutions, means)
    desired = desired_of(app, renderings, target.cluster, instance=standing.instance, lens=leaving.lens)
    known = replace(leaving, hooks=desired.hooks)
    stages: tuple[Stage, ...] = ("PreDelete", "PostDelete")
    keys = [manifest.key for stage in stages for manifest in known.of_stage(stage)]
    return replace(known, lives=read_hooks(keys, target.cluster))


def _owned(standing: Standing, cluster: Cluster, lens: Lens, services: Services) -> Observed:
    ladder = Ladder(cluster, _manager(services), Mine(standing.instance, lens), lambda _manifest, live: live.body)
    owned = services.stores.summaries.owned(cluster.url, standing.instance)
    return observe_owned(standing.app, ladder, Recollection(owned=owned))


def _delete(decided: Cascade, target: Target, services: Services, held: Held) -> tuple[ObjectResult, ...]:
    steps = [*decided.hooks, *(_goes(item) for item in decided.delete)]
    writer = writer_to(target, _manager(services), held)
    budget_s = min(services.readers.settings.pass_budget_s, held.remaining_s())
    return run(steps, writer, budget_s=budget_s).results


def _goes(item: Deletion) -> Step:
    """The call for one object; what our finalizer holds, such as a hook of a sync that was cut off, is let go first."""
    action: Action = "clean" if is_held(item.live) else "prune"
    return Step(action, item.live.key, live=item.live, reason=item.reason, propagation=item.propagation)


def _record(app: Application, decided: Cascade, services: Services, held: Held, *, now: datetime) -> None:
    """Either the finalizers go, or the status says what the deletion waits for."""
    patch = finalizer_patch(app, decided.release) or deletion_patch(app, decided.condition, now=now)
    if patch:
        held.still_mine()
        services.recorder.patch_application(app.key, patch)


def _obstacle(error: ReconcilerError) -> Cascade:
    return Cascade(condition=Condition(words.DELETION_ERROR, str(error)), why=str(error))


def _manager(services: Services) -> str:
    return services.readers.settings.field_manager
