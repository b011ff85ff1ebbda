"""One pass over one ApplicationSet: what it asks for, what there is, and the difference written.

    read    the set → what its generators ask about → all Applications of its namespace
    decide  Applications to create, to change, to delete (generate.children)
    act     each write tied to what was read and to the lease
    record  read-set, status if it changed, when to ask again

Whatever fails before everything is read changes nothing: no Application is created, changed or deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

import structlog

from reconciler.apply.children import MANAGER, ChildWriter
from reconciler.errors import ObjectConflict, ObjectGone, ObjectRejected, ReconcilerError, SpecError, Transient
from reconciler.generate.applications import Generated, generated
from reconciler.generate.children import ChildPlan, Wanted, decide, policy_of, without_pointers
from reconciler.generate.parameters import DRY_RUN, NEW_GLOBBING, is_on
from reconciler.generate.rollout import LOOK_AGAIN_S, Rollout, held_back, is_rolling, next_look, reversed_deletes
from reconciler.generate.setstatus import expanded, failed, status_of
from reconciler.generate.transform import requeue_s
from reconciler.generate.valid import place_faults
from reconciler.models import words
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.keys import AppKey, EntryKey, reader_of_set
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.passes.rolling import ask, conditions_of
from reconciler.passes.setfacts import WorldFacts
from reconciler.plan.gate import Gate, gate
from reconciler.plan.ownership import owned_fields_equal
from reconciler.services import Services
from reconciler.store.due import Request
from reconciler.store.lease import Held

RETRY_S = 30.0
"""After a failure that may pass. What is wrong as written waits for an edit, or for the generators' own time."""

FAULTY_S = 180.0
"""Argo CD: a set whose generators failed is looked at again after three minutes, whatever woke it."""

CONFLICT_S = 1.0
"""Applications moved since they were read, and nothing else was written: at once the same would happen again."""

NO_ROLLOUT = Rollout((), (), is_done=True)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Expansion:
    """What one pass came to. `seconds` until the next look; None: not before something is heard."""

    plan: ChildPlan = field(default_factory=ChildPlan)
    written: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
    conflicts: Sequence[str] = ()
    """Names of Applications that moved since they were read: they are decided anew by the next pass."""

    error: str = ""
    may_write: bool = False
    seconds: float | None = None


def expand(key: AppKey, services: Services, held: Held, *, now: datetime) -> Expansion:
    """One pass. Raises LeaseLost, StoreUnavailable, ClusterUnavailable (control cluster): then nothing is recorded."""
    try:
        appset = services.readers.catalog.application_set(key)
    except ObjectGone:
        services.forget_set(key)
        held.forget()
        return Expansion(error="the ApplicationSet does not exist")
    allowed = gate(appset, services.readers.settings.manage, ())
    if allowed.skip:
        return Expansion(error="; ".join(allowed.reasons))
    if is_on(services.readers.catalog.command_params(), DRY_RUN):
        allowed = replace(allowed, may_write=False)
    writer = ChildWriter(services.readers.control, held.still_mine, held.agent)
    try:
        if appset.is_deleting:
            return _leave(appset, services, writer, allowed)
        done = _expand(appset, services, writer, allowed, now=now)
    except ObjectConflict:
        done = Expansion(error="the ApplicationSet or one of its Applications changed meanwhile", seconds=0.0)
    except SpecError as error:
        # Of a set that is being deleted: what is wrong with its policy keeps it, and its Applications, where they are.
        done = Expansion(error=str(error), seconds=FAULTY_S)
    held.next_due_s = done.seconds
    log.info("expanded", set=str(key), wrote=done.written, error=done.error, **_counts(done))
    return done


def _expand(
    appset: ApplicationSet, services: Services, writer: ChildWriter, allowed: Gate, *, now: datetime
) -> Expansion:
    done = Expansion(may_write=allowed.may_write, seconds=requeue_s(appset.spec.generators))
    facts = WorldFacts(services.readers, appset, services.stores.heads)
    try:
        found = _asked_for(appset, facts, services)
        live = {one.key.name: one for one in services.readers.catalog.live_applications()}
        done.plan = _decided(appset, found, live, services)
    except (SpecError, Transient) as error:
        done.error = str(error)
        done.seconds = _again_s(error, done.seconds)
    finally:
        stale = _publish(appset.key, facts, services)
    conditions = failed("ApplicationParamsGenerationError", done.error)
    rollout: Rollout | None = None
    if not done.error:
        done.faults = {**found.faults, **done.plan.faults, **(_act(done, writer) if allowed.may_write else {})}
        rollout = next_look(appset, found.sound, live, now=now) if is_rolling(appset) else NO_ROLLOUT
        conditions = expanded(done.faults, done.plan.withheld, done.conflicts)
        conditions |= conditions_of(rollout) if is_rolling(appset) else {}
    if allowed.may_record:
        _record(appset, conditions, services, writer, states=rollout.states if rollout else None, now=now)
    if rollout and allowed.may_write:
        ask(rollout.syncs, writer, services.due)
    going_s = None if not rollout or rollout.is_done else LOOK_AGAIN_S
    done.seconds = 0.0 if stale else _sooner(done.seconds, going_s, _conflict_s(done))
    return done


def _asked_for(appset: ApplicationSet, facts: WorldFacts, services: Services) -> Generated:
    """The Applications, with what is wrong about their places. Raises SpecError, Transient."""
    found = generated(
        appset,
        facts,
        services.readers.templates.fill,
        namespace=services.readers.settings.namespace,
        new_globbing=is_on(services.readers.catalog.command_params(), NEW_GLOBBING),
    )
    named = {body["spec"]["project"] for body in found.sound}
    projects = frozenset(name for name in named if _exists(name, services))
    places = dict(found.faults)
    for body in found.sound:
        destination = body["spec"].get("destination") or {}
        try:
            services.readers.clusters.resolve(destination.get("server") or "", destination.get("name") or "")
        except SpecError as error:
            places.setdefault(body["metadata"]["name"], f"application destination spec is invalid: {error}")
    return Generated(found.applications, place_faults(found.sound, projects, places))


def _exists(project: str, services: Services) -> bool:
    try:
        services.readers.catalog.project(project)
    except ObjectGone:
        return False
    return True


def _decided(appset: ApplicationSet, found: Generated, live: Mapping[str, LiveObject], services: Services) -> ChildPlan:
    def cut(name: str, body: JsonObject) -> JsonObject:
        for rule in appset.spec.ignore_application_differences:
            if rule.name in ("", name):
                body = without_pointers(body, rule.json_pointers)
                if rule.jq_path_expressions:
                    body = services.readers.scripts.cut(rule.jq_path_expressions, body, project="")
        return body

    wanted = Wanted(found.sound, found.names, policy_of(appset, services.readers.catalog.command_params()))
    if not is_rolling(appset):
        return decide(appset, wanted, live, same=same, cut=cut)
    held = replace(wanted, bodies=[held_back(body) for body in found.sound])
    plan = decide(appset, held, live, same=same, cut=cut)
    return replace(plan, deletes=list(reversed_deletes(appset, plan.deletes)))


def same(body: JsonObject, live: LiveObject) -> bool:
    """Whether writing `body` changes nothing: our apply owns exactly its fields, and their values are these."""
    entries = live.metadata.get("managedFields") or ()
    ours = [entry for entry in entries if entry.get("manager") == MANAGER and entry.get("operation") == "Apply"]
    alone = LiveObject({**live.body, "metadata": {**live.metadata, "managedFields": ours}})
    return owned_fields_equal(Manifest(body), alone, MANAGER) is True


def _act(done: Expansion, writer: ChildWriter) -> dict[str, str]:
    """Creates, then changes, then deletes; one that is refused or has moved does not hold up the others.

    Raises LeaseLost.
    """
    faults: dict[str, str] = {}
    conflicts: list[str] = []
    for body, live in [*((body, None) for body in done.plan.creates), *done.plan.updates]:
        try:
            writer.write(body, live)
            done.written += 1
        except ObjectRejected as error:
            faults[body["metadata"]["name"]] = str(error)
        except ObjectConflict:
            conflicts.append(body["metadata"]["name"])
    for live in done.plan.deletes:
        try:
            done.written += writer.delete(live)
        except ObjectRejected as error:
            faults[live.key.name] = str(error)
        except ObjectConflict:
            conflicts.append(live.key.name)
    done.conflicts = conflicts
    return faults


def _publish(key: AppKey, facts: WorldFacts, services: Services) -> bool:
    """Tells the read index what the set depends on; whether a newer commit was handled before it knew."""
    sets = facts.sets()
    heads = services.stores.readindex.publish(reader_of_set(key), sets)
    newest = {place: head.next or head.current for place, head in heads.items()}
    unhandled = {place.repo for place, head in newest.items() if head is None} | facts.moved
    # Only now: a refresh that finds no reader of the repository would stop looking at it.
    asked = [
        Request(EntryKey("repo", repo), lane="push", place=urlsplit(repo).hostname or "") for repo in sorted(unhandled)
    ]
    if asked:
        services.due.request_many(asked)
    return any(head is not None and facts.resolved.get(place, head) != head for place, head in newest.items())


def _record(
    appset: ApplicationSet,
    conditions: Mapping[str, tuple[str, str, str]],
    services: Services,
    writer: ChildWriter,
    *,
    states: Sequence[JsonObject] | None,
    now: datetime,
) -> None:
    """Status, where it is another one, and the request to look, which is fulfilled."""
    children = [one for one in services.readers.catalog.live_applications() if _owner(one) == appset.uid]
    status = status_of(appset, conditions, children, states=states, now=now)
    if status != (appset.raw.get("status") or {}):
        writer.record(appset, status)
    if words.APPLICATION_SET_REFRESH in appset.metadata.annotations:
        name = words.APPLICATION_SET_REFRESH.replace("/", "~1")
        writer.patch_set(appset.key, [{"op": "remove", "path": f"/metadata/annotations/{name}"}])


def _owner(live: LiveObject) -> str:
    owners = live.metadata.get("ownerReferences") or ()
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), "")


def _leave(appset: ApplicationSet, services: Services, writer: ChildWriter, allowed: Gate) -> Expansion:
    """The set is being deleted: its Applications go by their owner, unless its policy forbids to delete any.

    Argo CD: that needs its finalizer on the set, which is taken off once the Applications are set free.
    """
    if words.FINALIZER not in appset.metadata.finalizers or not allowed.may_write:
        return Expansion(error="the ApplicationSet is being deleted")
    children = [one for one in services.readers.catalog.live_applications() if _owner(one) == appset.uid]
    if not policy_of(appset, services.readers.catalog.command_params())[1]:
        for child in children:
            writer.set_free(child)
    left = [name for name in appset.metadata.finalizers if name != words.FINALIZER]
    tests = [{"op": "test", "path": "/metadata/uid", "value": appset.uid}]
    writer.patch_set(appset.key, [*tests, {"op": "replace", "path": "/metadata/finalizers", "value": left}])
    return Expansion(written=len(children), error="the ApplicationSet is being deleted")


def _again_s(error: ReconcilerError, usual_s: float | None) -> float:
    if isinstance(error, Transient):
        return error.retry_after_s or RETRY_S
    return usual_s or FAULTY_S


def _conflict_s(done: Expansion) -> float | None:
    if not done.conflicts:
        return None
    return 0.0 if done.written else CONFLICT_S


def _sooner(*waits_s: float | None) -> float | None:
    return min((seconds for seconds in waits_s if seconds is not None), default=None)


def _counts(done: Expansion) -> dict[str, int]:
    counts = {name: len(getattr(done.plan, name)) for name in ("creates", "updates", "deletes")}
    return {**counts, "conflicts": len(done.conflicts)}
