"""What one pass leaves for the next, so that it need not ask again: proofs, and which files it depends on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from reconciler.clusters.projection import projection
from reconciler.errors import ReconcilerError, Transient
from reconciler.models.keys import EntryKey, ObjectKey
from reconciler.models.manifest import LiveObject
from reconciler.passes.acting import Acted
from reconciler.passes.desired import Reads
from reconciler.passes.looking import Look
from reconciler.passes.recollection import Recall
from reconciler.plan.compare import Comparison
from reconciler.render.renderer import is_strike
from reconciler.store.due import Request
from reconciler.store.records import ObjectRecord, Record, objects_of

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 30.0
BLINKS = 2
"""Passing faults in a row that nobody is told of: a restart of a server is no news."""

POLITE_BLINKS = 20
"""The same where the peer asked for patience itself, as with 429 and Retry-After."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What follows from it for this pass."""

    full_check_s: float
    is_stale: bool
    """A newer commit was handled before what this pass read was known: it has to come again."""

    is_blink: bool
    retry_s: float
    is_watched: bool
    sync_timeout_s: float = 0.0


def remember(seen: Look, acted: Acted, recall: Recall) -> Remembered:
    """Writes the read-set and the record, each only if it changed. Raises StoreUnavailable."""
    stale = _publish_reads(seen.reads, recall)
    record = _record(seen, acted, recall)
    if record != recall.record:
        recall.services.stores.records.put(acted.app.key, record)
    recall.record = record
    fault = seen.fault if isinstance(seen.fault, Transient) else None
    patience = POLITE_BLINKS if fault and fault.retry_after_s is not None else BLINKS
    return Remembered(
        full_check_s=recall.full_check_s or recall.services.readers.settings.full_check_s,
        is_stale=stale,
        is_blink=fault is not None and record.faults <= patience,
        retry_s=min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(record.faults - 1, 8)),
        is_watched=recall.is_watched,
        sync_timeout_s=recall.services.readers.settings.sync_timeout_s,
    )


def _publish_reads(reads: Reads | None, recall: Recall) -> bool:
    """Tells the read index what this application depends on; whether a newer commit was handled before it knew."""
    if reads is None or reads.is_pinned:
        # What a pinned commit is made of says nothing of the ref that the spec follows.
        return False
    heads = recall.services.stores.readindex.publish(recall.app.key, reads.sets())
    newest = {place: head.next or head.current for place, head in heads.items()}
    unhandled = {place.repo for place, head in newest.items() if head is None or place not in reads.resolved}
    # Only now: a refresh that finds no reader of the repository would stop looking at it.
    asked = [
        Request(EntryKey("repo", repo), lane="push", place=urlsplit(repo).hostname or "")
        for repo in sorted(unhandled | recall.moved)
    ]
    if asked:
        recall.services.due.request_many(asked)
    return any(head is not None and reads.resolved.get(place, head) != head for place, head in newest.items())


def _record(seen: Look, acted: Acted, recall: Recall) -> Record:
    before = recall.record
    faults = before.faults + 1 if isinstance(seen.fault, Transient) else 0
    if seen.desired is None or seen.target is None:
        return _struck(msgspec.structs.replace(before, faults=faults), seen.fault, recall)
    comparison = acted.after or seen.comparison
    thorough = recall.is_thorough and comparison.sync != "Unknown"
    return msgspec.structs.replace(
        before,
        render=seen.desired.render_digest,
        cluster=seen.target.cluster.url,
        objects=objects_of(dict(_proven(comparison, recall))),
        checked_at=recall.now.timestamp() if thorough else before.checked_at,
        strikes=0,
        faults=faults,
        revisions=tuple(seen.desired.revisions),
    )


def _struck(record: Record, fault: ReconcilerError | None, recall: Recall) -> Record:
    """Counts a renderer death against the inputs it died of; other inputs begin anew."""
    if fault is None or not is_strike(fault):
        return record
    strikes = record.strikes + 1 if record.inputs == recall.inputs else 1
    struck_at = recall.now.timestamp()
    return msgspec.structs.replace(record, strikes=strikes, inputs=recall.inputs, struck_at=struck_at)


def _proven(comparison: Comparison, recall: Recall) -> Iterator[tuple[ObjectKey, ObjectRecord]]:
    """Objects that are Synced, with what proves it again as long as it stays: what is desired, and what is ours."""
    manager = recall.services.readers.settings.field_manager
    for item in comparison.objects:
        if item.sync != "Synced" or item.desired is None:
            continue
        known = recall.record.of(item.key)
        if item.rung == "record" and known is not None:
            yield item.key, known
        elif item.live is not None:
            yield item.key, _object_record(item.live, recall.desired_digest(item.desired), manager, recall)


def _object_record(live: LiveObject, desired: str, manager: str, recall: Recall) -> ObjectRecord:
    digest = recall.services.stores.keyring.digest(projection(live.body, manager))
    return ObjectRecord(desired, digest, live.uid, live.resource_version)
