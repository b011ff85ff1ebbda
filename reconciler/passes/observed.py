"""What the cluster holds of one application: each object by the cheapest proof that settles it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from reconciler.clusters.cluster import Cluster, Found
from reconciler.errors import ObjectConflict, ObjectRejected, ReconcilerError, Transient
from reconciler.models.application import Application
from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Desired, Observed, Reading
from reconciler.models.operation import SyncOperation
from reconciler.plan.lens import PLAIN, Lens
from reconciler.plan.order import defined_kinds
from reconciler.plan.ownership import owned_fields_equal
from reconciler.plan.tracking import owner_of
from reconciler.plan.way import may_lack_its_kind, survives_refusal

Predict = Callable[[Manifest, LiveObject], JsonObject]
"""What an object would be after applying: the server's answer to a dry run, or in shadow an estimate."""

ABSENT = Reading("absent")
NOTHING_ASKED = SyncOperation()
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Recollection:
    """What is known without asking the cluster: settled readings, and objects that carry our mark."""

    settled: Mapping[ObjectKey, Reading] = field(default_factory=dict)
    owned: AbstractSet[ObjectKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Mine:
    """By what an application knows its own objects: its name in marks, and what is a mark here."""

    instance: str
    lens: Lens = PLAIN

    def has(self, live: LiveObject) -> bool:
        return owner_of(live, self.lens.tracking) == self.instance

    def managed(self, keys: Iterable[ObjectKey], cluster: str) -> list[ObjectKey]:
        """The keys of kinds that the settings let us manage on this cluster, sorted."""
        return sorted(key for key in keys if not self.lens.filters.excludes(key.group_kind, cluster))


@dataclass(frozen=True, slots=True)
class Ladder:
    """How readings are settled for one application. `rung` names what `predict` is worth."""

    cluster: Cluster
    manager: str
    mine: Mine
    predict: Predict
    estimated: bool = False
    sync: SyncOperation = NOTHING_ASKED
    """What is asked of the application, as far as it says how objects are written."""

    estimate: Predict | None = None
    """Stands in where the server refuses to apply what is replaced or forced: that is not its last word then."""


def observe(app: Application, desired: Desired, ladder: Ladder, known: Recollection) -> Observed:
    """Reads all that `known` leaves open. Raises ClusterUnavailable when the cluster cannot be read at all."""
    wanted = desired.by_key
    unserved = _unserved(desired.manifests, ladder)
    open_keys = [key for key in wanted if key not in known.settled and key not in unserved]
    extra_keys = ladder.mine.managed((inventory(app) | known.owned) - wanted.keys(), ladder.cluster.url)
    found = ladder.cluster.read_many([*open_keys, *extra_keys])
    readings = {**known.settled, **unserved}
    readings |= {key: _reading(wanted[key], found, ladder) for key in open_keys}
    return Observed(readings, _extra(extra_keys, found, ladder.mine), _incomplete(extra_keys, found))


def observe_owned(app: Application, ladder: Ladder, known: Recollection) -> Observed:
    """Everything that the application has, and nothing that it wants: for its deletion."""
    keys = ladder.mine.managed(inventory(app) | known.owned, ladder.cluster.url)
    found = ladder.cluster.read_many(keys)
    return Observed({}, _extra(keys, found, ladder.mine), _incomplete(keys, found))


def read_hooks(keys: Iterable[ObjectKey], cluster: Cluster) -> Mapping[ObjectKey, LiveObject | None]:
    """Every hook, always live: nothing else tells for sure that one is not there.

    Raises what kept one from being read, and what passes by rather than what stays.
    """
    found = cluster.read_many(sorted(set(keys)))
    errors = sorted(found.failed.values(), key=lambda error: not isinstance(error, Transient))
    if errors:
        raise errors[0]
    return found.objects


def inventory(app: Application) -> frozenset[ObjectKey]:
    """The objects that the last status names."""
    return frozenset(item.key for item in app.status.resources if not item.hook)


def _unserved(manifests: Iterable[Manifest], ladder: Ladder) -> dict[ObjectKey, Reading]:
    """Readings of kinds that the cluster does not serve: absent if their definition comes along or the object says
    that it will be there in time, else an error.
    """
    manifests = tuple(manifests)
    coming = defined_kinds(manifests)
    verdicts: dict[GroupKind, Reading | None] = {}
    for kind in {manifest.group_kind for manifest in manifests}:
        verdicts[kind] = _kind_reading(kind, ladder.cluster, comes=kind in coming)
    found = ((manifest, verdicts[manifest.group_kind]) for manifest in manifests)
    return {manifest.key: _tolerated(manifest, reading, ladder) for manifest, reading in found if reading is not None}


def _tolerated(manifest: Manifest, reading: Reading, ladder: Ladder) -> Reading:
    # A group that could not be discovered may well serve the kind: that is no absence.
    is_known = not reading.is_passing
    return ABSENT if is_known and may_lack_its_kind(manifest, ladder.sync) else reading


def _kind_reading(kind: GroupKind, cluster: Cluster, *, comes: bool) -> Reading | None:
    try:
        if cluster.served(kind) is not None:
            return None
    except ReconcilerError as error:
        return _unread(error)
    if comes:
        return ABSENT
    return Reading("none", error=f"the cluster serves no {kind}: install its CustomResourceDefinition first")


def _reading(manifest: Manifest, found: Found, ladder: Ladder) -> Reading:
    failure = found.failed.get(manifest.key)
    if failure is not None:
        return _unread(failure)
    live = found.objects[manifest.key]
    if live is None:
        return ABSENT
    try:
        return _compared(manifest, live, ladder)
    except ReconcilerError as error:
        return _unread(error, live)


def _unread(error: ReconcilerError, live: LiveObject | None = None) -> Reading:
    return Reading("none", live, error=str(error), is_passing=isinstance(error, Transient | ObjectConflict))


def _compared(manifest: Manifest, live: LiveObject | None, ladder: Ladder) -> Reading:
    """Climbs from owned fields to the server's word. An object that moves meanwhile is read again, a few times."""
    if live is not None and live.api_version != manifest.api_version:
        # Ownership and defaults are told by version: only what is read in the manifest's own can be compared.
        live = ladder.cluster.get(manifest.key, manifest.version)
    for attempt in range(ATTEMPTS):
        if live is None:
            return ABSENT
        if owned_fields_equal(manifest, live, ladder.manager):
            return Reading("owned-fields", live)
        try:
            return Reading("estimated" if ladder.estimated else "server", live, ladder.predict(manifest, live))
        except ObjectRejected:
            if ladder.estimate is None or not survives_refusal(manifest, live, ladder.sync):
                raise
            return Reading("estimated", live, ladder.estimate(manifest, live))
        except ObjectConflict:
            if attempt == ATTEMPTS - 1:
                raise
        live = ladder.cluster.get(manifest.key, manifest.version)
    return ABSENT


def _extra(keys: Iterable[ObjectKey], found: Found, mine: Mine) -> dict[ObjectKey, LiveObject]:
    lives = ((key, found.objects.get(key)) for key in keys)
    return {key: live for key, live in lives if live is not None and mine.has(live)}


def _incomplete(keys: Iterable[ObjectKey], found: Found) -> dict[GroupKind, str]:
    return {key.group_kind: str(found.failed[key]) for key in keys if key in found.failed}
