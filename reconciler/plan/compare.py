"""Verdicts, one per object and one for the application, from what was wanted and what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Condition, Desired, Health, Observed, Reading, Rung, SyncCode
from reconciler.models.result import Difference
from reconciler.models.tracking import Tracking
from reconciler.plan.diff import differences, everything
from reconciler.plan.health.aggregate import HealthPart, aggregate
from reconciler.plan.hooks import is_hook
from reconciler.plan.ignore import IgnoreRules
from reconciler.plan.lens import PLAIN, Lens, compare_options, ignores_extraneous
from reconciler.plan.mutation import by_applying
from reconciler.plan.normalize import normalized
from reconciler.plan.tracking import CRD, marks_itself, owner_of

MISSING = Health("Missing")


@dataclass(frozen=True, slots=True)
class ObjectComparison:
    """Verdict on one object. `sync` is None where none is given: hooks, and objects that carry another one's mark."""

    key: ObjectKey
    version: str
    sync: SyncCode | None
    health: Health | None
    differences: tuple[Difference, ...]
    requires_pruning: bool
    reason: str
    """Why this verdict, in plain words."""

    rung: Rung
    live: LiveObject | None = None
    desired: Manifest | None = None
    is_hook: bool = False

    @property
    def counts(self) -> bool:
        """Whether the application's own verdict depends on this one (Argo CD: not with IgnoreExtraneous)."""
        ignored = self.requires_pruning and self.live is not None and ignores_extraneous(self.live)
        return self.sync is not None and not ignored


@dataclass(frozen=True, slots=True)
class Comparison:
    """All verdicts on one application. Conditions are warnings and errors, in Argo CD's words."""

    objects: tuple[ObjectComparison, ...]
    sync: SyncCode
    health: Health
    conditions: tuple[Condition, ...]


def compare(
    app: Application, desired: Desired, observed: Observed, rules: IgnoreRules, lens: Lens = PLAIN
) -> Comparison:
    """Compares all desired objects, in their order, then what is there without being desired.

    What could not be read is Unknown, and makes the application Unknown: never Synced, never a reason to prune.
    """
    sight = _Sight(rules, lens, compare_options(app.metadata.annotations), desired.sealed)
    wanted = [_wanted(manifest, observed.readings.get(manifest.key), sight) for manifest in desired.manifests]
    known = desired.by_key
    extra = [
        _extra(live, sight) for key, live in sorted(observed.extra.items()) if key not in known and _is_managed(live)
    ]
    objects = (*wanted, *extra)
    conditions = (*desired.conditions, *_shared(app, wanted, lens.tracking), *_unread(wanted, observed))
    return Comparison(objects, _overall(objects, observed), aggregate(app, _health_parts(objects)), conditions)


@dataclass(frozen=True, slots=True)
class _Sight:
    """How the objects of one application are looked at. `options` are those of its compare-options annotation, `sealed`
    objects whose values are never shown.
    """

    rules: IgnoreRules
    lens: Lens
    options: Mapping[str, str]
    sealed: frozenset[ObjectKey] = frozenset()

    def health(self, live: LiveObject | None) -> Health | None:
        return self.lens.health(live.body) if live else None

    def comparable(self, body: JsonObject, live: LiveObject) -> JsonObject:
        """`live`, or what would become of it, without all that does not count. Raises what running jq raises."""
        owners = live.metadata.get("managedFields") or ()
        return self.rules.without(normalized(body, self.lens.settings), live.key, owners)


def not_compared(*conditions: Condition) -> Comparison:
    """The verdict where nothing could be compared: everything Unknown, for the reasons given."""
    return Comparison((), "Unknown", Health("Unknown"), conditions)


def _wanted(manifest: Manifest, reading: Reading | None, sight: _Sight) -> ObjectComparison:
    if is_hook(manifest):
        live = reading.live if reading else None
        return _verdict(manifest, reading or Reading("none"), (None, "a hook has no sync status"), sight.health(live))
    if reading is None or reading.error is not None:
        error = reading.error if reading and reading.error else "was not read"
        return _verdict(manifest, Reading("none"), ("Unknown", error), Health("Unknown", error))
    if reading.rung == "absent":
        return _verdict(manifest, reading, ("OutOfSync", "does not exist"), MISSING)
    health = sight.health(reading.live) if reading.live else reading.health
    if reading.rung in ("record", "owned-fields"):
        return _verdict(manifest, reading, ("Synced", f"equal, proven by {reading.rung}"), health)
    if reading.live is None or reading.predicted is None:
        return _verdict(manifest, reading, ("Unknown", "was not compared"), health)
    if reading.live.api_version != manifest.api_version:
        # Fields may be named otherwise there, so every difference would be a guess.
        return _verdict(manifest, reading, ("Unknown", f"was read as {reading.live.api_version}"), health)
    try:
        found = _differences(manifest, reading.live, reading, sight)
    except ReconcilerError as error:
        return _verdict(manifest, reading, ("Unknown", str(error)), health)
    verdict: tuple[SyncCode, str] = ("OutOfSync", _summary(found)) if found else ("Synced", f"equal ({reading.rung})")
    return _verdict(manifest, reading, verdict, health, found)


def _verdict(
    manifest: Manifest,
    reading: Reading,
    verdict: tuple[SyncCode | None, str],
    health: Health | None,
    found: tuple[Difference, ...] = (),
) -> ObjectComparison:
    sync, reason = verdict
    return ObjectComparison(
        key=manifest.key,
        version=manifest.version,
        sync=sync,
        health=health,
        differences=found,
        requires_pruning=False,
        reason=reason,
        rung=reading.rung,
        live=reading.live,
        desired=manifest,
        is_hook=is_hook(manifest),
    )


def _extra(live: LiveObject, sight: _Sight) -> ObjectComparison:
    """An object that is there but not desired (Argo CD: no sync status if its mark names another object)."""
    pruned = not is_hook(live) and marks_itself(live, bool(live.key.namespace), sight.lens.tracking)
    return ObjectComparison(
        key=live.key,
        version=live.version,
        sync="OutOfSync" if pruned else None,
        health=sight.health(live),
        differences=(),
        requires_pruning=pruned,
        reason="is not in the desired state" if pruned else _why_left(live),
        rung="server",
        live=live,
        is_hook=is_hook(live),
    )


def _why_left(live: LiveObject) -> str:
    return "a hook has no sync status" if is_hook(live) else "its tracking mark names another object"


def _differences(desired: Manifest, live: LiveObject, reading: Reading, sight: _Sight) -> tuple[Difference, ...]:
    predicted = reading.predicted
    if predicted is None or predicted is live.body:
        return ()
    asked = reading.rung == "server" and "IncludeMutationWebhook" not in sight.options
    return differences(
        sight.comparable(live.body, live),
        sight.comparable(predicted, live),
        managed_fields=live.metadata.get("managedFields") or (),
        hidden=sight.lens.settings.hidden_annotations,
        sealed=desired.key in sight.sealed,
        counts=by_applying(desired, live, predicted, sight.lens.manager) if asked else everything,
    )


def _summary(found: Sequence[Difference]) -> str:
    paths = ", ".join(difference.path for difference in found[:3])
    return f"differs in {paths}" + (f" and {len(found) - 3} more" if len(found) > 3 else "")


def _is_managed(live: LiveObject) -> bool:
    return live.group_kind != CRD and not live.metadata.get("ownerReferences")


def _overall(objects: Iterable[ObjectComparison], observed: Observed) -> SyncCode:
    codes = {entry.sync for entry in objects if entry.counts}
    if "Unknown" in codes or observed.incomplete:
        return "Unknown"
    return "OutOfSync" if "OutOfSync" in codes else "Synced"


def _health_parts(objects: Iterable[ObjectComparison]) -> list[HealthPart]:
    return [HealthPart(entry.key, entry.health, entry.live or entry.desired) for entry in objects if not entry.is_hook]


def _shared(app: Application, objects: Iterable[ObjectComparison], tracking: Tracking) -> list[Condition]:
    found: list[Condition] = []
    for entry in objects:
        own = owner_of(entry.desired, tracking) if entry.desired else None
        other = owner_of(entry.live, tracking) if entry.live else None
        if own and other and other != own:
            ours = f"{app.metadata.namespace}/{app.metadata.name}"
            message = f"{entry.key.kind}/{entry.key.name} is part of applications {ours} and {other}"
            found.append(Condition(words.SHARED_RESOURCE_WARNING, message))
    return found


def _unread(objects: Iterable[ObjectComparison], observed: Observed) -> list[Condition]:
    failures = [f"{entry.key}: {entry.reason}" for entry in objects if entry.sync == "Unknown"]
    failures += [f"{kind}: {reason}" for kind, reason in sorted(observed.incomplete.items())]
    return [Condition(words.COMPARISON_ERROR, f"Failed to compare {'; '.join(failures)}")] if failures else []
