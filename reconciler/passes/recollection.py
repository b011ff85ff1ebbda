"""What a pass knows before it asks anybody: revisions that a refresh resolved, and objects that a record proves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import cast

import orjson

from reconciler.errors import SourceError
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey, RepoUrl, Revision
from reconciler.models.manifest import Manifest
from reconciler.models.observed import Desired, Health, HealthCode, Reading
from reconciler.models.source import ApplicationSource
from reconciler.passes.ahead import newest, settled
from reconciler.passes.observed import ABSENT, Recollection, inventory
from reconciler.passes.standing import Target
from reconciler.plan.health import SCRIPTED
from reconciler.services import Services
from reconciler.sources import Access, Resolution
from reconciler.sources.following import recalled
from reconciler.store.records import ObjectRecord, Record
from reconciler.store.summaries import Sighting, Summary

COMPARING = ("resource.customizations", "resource.compareoptions")
"""Settings that say what counts as a difference."""

MAX_STRIKES = 3
PARKED_S = 3600.0
"""An application whose source killed the renderer three times rests this long, unless somebody asks or it changes."""


class Parked(SourceError):
    """Not rendered: these very inputs have killed the renderer too often."""


@dataclass(slots=True)
class Recall:
    """The memory of one pass over one application."""

    app: Application
    services: Services
    now: datetime
    asked: bool
    """Somebody waits: refs are looked at anew, and every object is read."""

    record: Record
    moved: set[RepoUrl] = field(default_factory=set)
    """Repositories of which this pass saw a revision that no refresh has handled."""

    inputs: str = ""
    """Names revisions and sources of this pass: what a renderer death is counted against."""

    rules: bytes = b""
    """What is said about comparing the objects; empty where nothing is."""

    is_watched: bool = False
    """Whether observers are watching all kinds that are desired, or that the operation under way has touched."""

    _resolutions: dict[tuple[str, ...], Resolution] = field(default_factory=dict)

    @property
    def full_check_s(self) -> float:
        """Seconds until everything is to be read live again, spread by a tenth from application to application."""
        spread = int(self.app.uid[:8].replace("-", "") or "0", 16) / 0xFFFFFFFF if self.app.uid else 0.5
        interval_s = self.services.readers.settings.full_check_s * (0.9 + 0.2 * spread)
        return max(0.0, self.record.checked_at + interval_s - self.now.timestamp())

    @property
    def is_thorough(self) -> bool:
        """Whether this pass reads every object live."""
        return self.asked or self.full_check_s <= 0

    def resolve(self, access: Access, source: ApplicationSource) -> Resolution:
        """What a source means: what the last refresh saw, unless somebody asks or nobody has looked yet.

        Sources that follow the same have the same answer throughout a pass. Raises as the sources do.
        """
        asked = (access.scope, source.chart, source.target_revision, source.tag_prefix)
        if asked not in self._resolutions:
            self._resolutions[asked] = self._resolved(access, source)
        return self._resolutions[asked]

    def admit(self, resolutions: Sequence[Resolution]) -> None:
        """Raises Parked where these revisions have killed the renderer again and again."""
        revisions = [found.revision for found in resolutions]
        self.inputs = _inputs(self.app, revisions)
        if not self.asked and self._is_parked:
            commits = ", ".join(dict.fromkeys(revision[:8] for revision in revisions))
            raise Parked(
                f"parked: the renderer died {self.record.strikes} times of commit {commits}; "
                "push a mended commit, or refresh to try again"
            )

    @property
    def _is_parked(self) -> bool:
        rested_s = self.now.timestamp() - self.record.struck_at
        return self.record.strikes >= MAX_STRIKES and self.record.inputs == self.inputs and rested_s < PARKED_S

    def _resolved(self, access: Access, source: ApplicationSource) -> Resolution:
        heads = self.services.stores.heads
        commits = newest(heads, access.url)
        if not self.asked and (remembered := recalled(commits, source)):
            return remembered
        return settled(heads, access.url, self.services.readers.resolve(access, source), commits, self.moved)

    def recollect(self, target: Target, desired: Desired) -> Recollection:
        """Readings that need no call."""
        stores, url = self.services.stores, target.cluster.url
        done = _done(self.app)
        keys = dict.fromkeys((*(manifest.key for manifest in desired.manifests), *done))
        sighting = stores.summaries.read(url, keys)
        self.is_watched = all(key.group_kind in sighting.fresh for key in keys)
        owned = stores.summaries.owned(url, self.app.key.instance(self.services.readers.settings.namespace))
        moved = bool(self.record.cluster) and self.record.cluster != url
        if self.asked or moved:
            return Recollection(owned=owned)
        settled = dict(self._settled(desired, sighting))
        if self.is_thorough:
            # A full check believes no proof of the past; but what never was there needs no reading to be created.
            settled = {key: reading for key, reading in settled.items() if reading is ABSENT}
        # What the operation under way has written is read until observers have seen it.
        settled = {key: reading for key, reading in settled.items() if reading is not ABSENT or key not in done}
        return Recollection(settled, owned)

    def desired_digest(self, manifest: Manifest) -> str:
        """Keyed digest of a desired object, and of what is said about comparing it: other rules need another look."""
        body = orjson.dumps(manifest.body, option=orjson.OPT_SORT_KEYS)
        return self.services.stores.keyring.digest(body + self.rules)

    def _settled(self, desired: Desired, sighting: Sighting) -> Iterator[tuple[ObjectKey, Reading]]:
        for manifest in desired.manifests:
            if manifest.group_kind in sighting.fresh:
                reading = self._reading(manifest, sighting.found.get(manifest.key))
                if reading is not None:
                    yield manifest.key, reading

    def _reading(self, manifest: Manifest, summary: Summary | None) -> Reading | None:
        known = self.record.of(manifest.key)
        if summary is None:
            # What we wrote and nobody has seen yet is read; what nobody ever had is believed to be absent.
            return ABSENT if known is None and manifest.key not in inventory(self.app) else None
        if known is None or summary.terminating or not _same(known, summary):
            return None
        if known.desired != self.desired_digest(manifest) or summary.health.startswith(SCRIPTED):
            return None
        return Reading("record", health=_health(summary))


def recall(app: Application, services: Services, *, asked: bool, now: datetime) -> Recall:
    """The memory of this application. A record of another one that had its name is none."""
    record = services.stores.records.get(app.key)
    known = record if record and record.uid == app.uid else Record(uid=app.uid)
    asks = asked or words.REFRESH in app.metadata.annotations
    return Recall(app, services, now, asks, known, rules=_rules(app, services.readers.catalog.settings_cm()))


def _rules(app: Application, settings_cm: Mapping[str, str]) -> bytes:
    said = {name: text for name, text in settings_cm.items() if name.startswith(COMPARING)}
    own = [rule.to_json() for rule in app.spec.ignore_differences]
    options = app.metadata.annotations.get(words.COMPARE_OPTIONS, "")
    return orjson.dumps([own, options, said], option=orjson.OPT_SORT_KEYS) if own or options or said else b""


def _inputs(app: Application, revisions: Sequence[Revision]) -> str:
    facts = [list(revisions), [source.to_json() for source in app.spec.all_sources]]
    return blake2b(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _done(app: Application) -> frozenset[ObjectKey]:
    """Objects of which the operation under way has a result."""
    state = app.status.operation_state
    if state is None or state.is_completed or state.sync_result is None:
        return frozenset()
    listed = state.sync_result.resources
    return frozenset(ObjectKey(item.group, item.kind, item.namespace, item.name) for item in listed)


def _same(known: ObjectRecord, summary: Summary) -> bool:
    return known.uid == summary.uid and known.live == summary.digest and bool(known.live)


def _health(summary: Summary) -> Health | None:
    # Observers store what `assess` gave.
    return Health(cast("HealthCode", summary.health), summary.health_message) if summary.health else None
