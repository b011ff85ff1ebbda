"""Reading and deciding, without a write: what a worker does first, and all that `app diff` and the shadow report do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.clusters.cluster import Cluster
from reconciler.errors import ObjectRejected, ReconcilerError, SpecError, Transient
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.honoured import unhonoured_in_manifest
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Condition, Desired, Observed
from reconciler.passes.desired import Reads, Resolve, desired_of, resolve_all, wishes
from reconciler.passes.elsewhere import Elsewhere
from reconciler.passes.lens import lens_of, prepare
from reconciler.passes.observed import Ladder, Mine, Predict, Recollection, observe, read_hooks
from reconciler.passes.rendering import Means, render_all
from reconciler.passes.standing import Standing, Target, aim, stand
from reconciler.passes.submodules import Submodules
from reconciler.passes.validity import invalid, tolerant
from reconciler.plan import operation
from reconciler.plan.build import build_plan
from reconciler.plan.compare import Comparison
from reconciler.plan.desired import CREATE_NAMESPACE
from reconciler.plan.lens import PLAIN, compare_options
from reconciler.plan.naming import operation_hooks
from reconciler.plan.permissions import EVERYTHING, check_application, check_sources
from reconciler.plan.steps import Plan, Policy
from reconciler.plan.threeway import estimated
from reconciler.plan.way import asked_of
from reconciler.services import Readers
from reconciler.sources import Resolution

Recollect = Callable[[Target, Desired], Recollection]
NOTHING_SEEN = Observed({})


@dataclass(frozen=True, slots=True)
class Eyes:
    """How a pass looks: a worker remembers and asks the server, the CLI and shadow mode do neither."""

    resolve: Resolve
    admit: Callable[[Sequence[Resolution]], None] = lambda _resolutions: None
    """Refuses, before anything is rendered, what these revisions have done to the renderer. Raises SourceError."""

    predict: Callable[[Target], Predict] | None = None
    """None estimates locally: no mutating verb, not even a dry run."""

    recollect: Recollect = lambda _target, _desired: Recollection()


@dataclass(frozen=True, slots=True)
class Look:
    """What was read, and the plan that follows. `target` is None when there is no valid destination."""

    standing: Standing
    plan: Plan
    target: Target | None
    desired: Desired | None
    observed: Observed
    reads: Reads | None
    fault: ReconcilerError | None = None
    """Why something could not be read; a Transient one is nobody's fault and goes by."""

    @property
    def comparison(self) -> Comparison:
        return self.plan.comparison


def look(app: Application, readers: Readers, *, now: datetime) -> Look:
    """Compares without writing anything anywhere: what the CLI and the shadow report show."""
    return look_at(stand(app, readers), readers, Eyes(readers.resolve), now=now)


def look_at(standing: Standing, readers: Readers, eyes: Eyes, *, now: datetime) -> Look:
    """Reads one application and decides what is to be done. Raises StoreUnavailable and what the catalog raises."""
    gaze = _Gaze(standing, readers, eyes, now)
    fault = gaze.gather()
    plan = build_plan(standing.app, gaze.desired, gaze.observed, gaze.policy(fault), now=now)
    return Look(standing, plan, gaze.target, gaze.desired, gaze.observed, gaze.reads, fault)


class _Gaze:
    """One look while it is taken: what is known so far stays known when the next thing cannot be read."""

    def __init__(self, standing: Standing, readers: Readers, eyes: Eyes, now: datetime) -> None:
        self._standing, self._readers, self._eyes, self._now = standing, readers, eyes, now
        self.target: Target | None = None
        self.desired: Desired | None = None
        self.observed = NOTHING_SEEN
        self.reads: Reads | None = None
        self._lens = PLAIN
        self._unhonoured: str | None = None
        self._violations: tuple[Condition, ...] = ()

    def gather(self) -> ReconcilerError | None:
        """Reads as far as it goes; what stopped it."""
        app = self._standing.app
        try:
            self._lens = lens_of(self._readers, app.spec.project)
            self.target = target = aim(app, self._readers)
            # Before anything is fetched: a project that forbids a repository also forbids to look into it.
            asked = operation.target(app, may_write=self._standing.gate.may_write, now=self._now)
            forbidden = check_sources(asked.sources, target.project, several=asked.is_several)
            found = check_application(app, target.project, target.destination)
            self._violations = tuple(dict.fromkeys((*found, *forbidden)))
            if not self._violations:
                self._read_hooks(target, None)
                desired = self._render(target, asked)
                self._read_hooks(target, desired)
                observed = replace(self._observe(target, desired), hooks=self.observed.hooks)
                self.observed = replace(observed, invalid=self._invalid(target, desired, observed))
                prepare(app, self.observed, self._lens, self._readers)
                self.desired = desired
        except (SpecError, Transient, ObjectRejected) as error:
            return error
        return None

    def policy(self, fault: ReconcilerError | None) -> Policy:
        """What this pass may do, given what it has seen."""
        standing, settings, target = self._standing, self._readers.settings, self.target
        conditions = (*self._violations, *((Condition(fault.condition, str(fault)),) if fault else ()))
        allowed = standing.gate
        reasons = (*allowed.reasons, *([self._unhonoured] if self._unhonoured else []))
        return Policy(
            may_write=allowed.may_write and not self._unhonoured,
            manager=settings.field_manager,
            control_namespace=settings.namespace,
            instance=standing.instance,
            project=target.project if target else EVERYTHING,
            destination=target.destination if target else standing.app.spec.destination,
            may_record=allowed.may_record,
            reasons=reasons,
            conditions=conditions,
            is_outage=isinstance(fault, Transient),
            identity_problem=target.identity.problem if target else "",
            lens=self._lens,
        )

    def _render(self, target: Target, asked: operation.Target) -> Desired:
        app, readers = self._standing.app, self._readers
        wanted = wishes(app, readers, asked)
        self.reads = Reads(asked.is_pinned)
        resolutions = resolve_all(wanted, self._eyes.resolve, self.reads)
        self._eyes.admit(resolutions)
        trees = Submodules(readers, target.project).tree
        elsewhere = Elsewhere(readers, target.project, self._eyes.resolve, self.reads)
        means = Means(readers, self.reads, elsewhere, trees, target.cluster)
        renderings = render_all(app, wanted, resolutions, means)
        desired = desired_of(app, renderings, target.cluster, instance=self._standing.instance, lens=self._lens)
        self._unhonoured = _first_unhonoured(desired)
        return tolerant(desired, target.cluster, asked_of(app))

    def _invalid(self, target: Target, desired: Desired, observed: Observed) -> dict[ObjectKey, str]:
        writes = self._standing.gate.may_write and not self._unhonoured
        return invalid(desired, observed, target.cluster, asked_of(self._standing.app)) if writes else {}

    def _read_hooks(self, target: Target, desired: Desired | None) -> None:
        """Hooks of the operation under way: those that it ended up with even where nothing can be rendered."""
        keys = operation_hooks(self._standing.app, desired, now=self._now)
        if keys is not None and self._standing.gate.may_write:
            self.observed = replace(self.observed, hooks=read_hooks(keys, target.cluster))

    def _observe(self, target: Target, desired: Desired) -> Observed:
        app, manager = self._standing.app, self._readers.settings.field_manager
        writes = self._standing.gate.may_write and not self._unhonoured
        # Where there is nobody to write in whose name, nobody may be asked in it either.
        asks = self._eyes.predict if writes and asks_server(app) and not target.identity.problem else None
        estimate = estimator(app, manager)
        predict = asks(target) if asks else estimate
        mine = Mine(self._standing.instance, self._lens)
        ladder = Ladder(target.cluster, manager, mine, predict, asks is None, asked_of(app), estimate)
        observed = observe(app, desired, ladder, self._eyes.recollect(target, desired))
        observed = replace(observed, hooks=self.observed.hooks)
        return replace(observed, namespaces_missing=_missing_namespace(app, target.cluster, observed))


def asks_server(app: Application) -> bool:
    """Whether open verdicts may be asked of the server by dry runs (Argo CD: `ServerSideDiff=false` says no)."""
    return compare_options(app.metadata.annotations).get("ServerSideDiff") != "false"


def _first_unhonoured(desired: Desired) -> str | None:
    for manifest in (*desired.manifests, *desired.hooks):
        for feature in unhonoured_in_manifest(manifest):
            return f"{manifest.key}: {feature} is not honoured by this version: compared, never written"
    return None


def estimator(app: Application, manager: str) -> Predict:
    """Predicts without a server what applying would make of an object."""
    named = app.metadata.annotations.get(words.MIGRATION_MANAGER)
    extra = (named,) if named else ()

    def predict(manifest: Manifest, live: LiveObject) -> JsonObject:
        return estimated(manifest, live, manager=manager, extra_managers=extra)

    return predict


def _missing_namespace(app: Application, cluster: Cluster, observed: Observed) -> frozenset[str]:
    """The destination namespace if it has to be created: asked only where that is wanted and something is absent."""
    name = app.spec.destination.namespace
    if not name or CREATE_NAMESPACE not in asked_of(app).sync_options or not _lacks_something(observed):
        return frozenset()
    return frozenset({name}) if cluster.get(ObjectKey("", "Namespace", "", name)) is None else frozenset()


def _lacks_something(observed: Observed) -> bool:
    hook_is_absent = any(live is None for live in (observed.hooks or {}).values())
    return hook_is_absent or any(reading.rung == "absent" for reading in observed.readings.values())
