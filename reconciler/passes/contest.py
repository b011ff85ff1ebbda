"""Gives way to another writer: nothing more is written, it is told once who that is, and looked at again later."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import structlog

from reconciler.passes.recollection import Recall
from reconciler.passes.standing import Standing
from reconciler.plan.rival import NOBODY, QUIET_S, Rivalry, watched
from reconciler.services import Services
from reconciler.store.lease import Held

log = structlog.get_logger(__name__)


def give_way(standing: Standing, known: Recall, services: Services) -> Standing:
    """The standing of this pass: one that may write nothing where somebody else writes too."""
    if not standing.gate.may_record:
        return standing
    before = _remembered(known)
    after = watched(standing.app, before, now=known.now)
    _remember(known, before, after, services)
    if not after.is_rival:
        return standing
    reasons = (*standing.gate.reasons, f"a rival was found: {after.why}")
    return replace(standing, gate=replace(standing.gate, may_write=False, may_record=False, reasons=reasons))


def return_in_time(known: Recall, held: Held) -> None:
    """A rival that has left lets us begin again."""
    if _remembered(known).is_rival:
        held.next_due_s = min(held.next_due_s or QUIET_S, QUIET_S)


def _remembered(known: Recall) -> Rivalry:
    return Rivalry(*known.record.rivalry) if known.record.rivalry else NOBODY


def _remember(known: Recall, before: Rivalry, after: Rivalry, services: Services) -> None:
    if after == before:
        return
    known.record = msgspec.structs.replace(known.record, rivalry=(after.who, after.at, after.turns))
    services.stores.records.put(known.app.key, known.record)
    if after.is_rival and not before.is_rival:
        log.warning("RivalDetected", application=str(known.app.key), message=after.why)
        services.recorder.event(known.app, "RivalDetected", after.why, "Warning")
