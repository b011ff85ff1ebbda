"""Whether an Application or ApplicationSet may be written: looking is free, acting is claimed."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models import words
from reconciler.models.wire import WireObject
from reconciler.settings import Manage


@dataclass(frozen=True, slots=True)
class Gate:
    """What one pass may do with one Application, and why not more."""

    may_write: bool
    """Objects on the destination cluster may be created, changed and deleted."""

    may_record: bool
    """The Application itself may be written: its status, its operation, its refresh annotation."""

    skip: bool
    """Another controller was told to stop here, and nobody told us to start: not even a comparison."""

    reasons: tuple[str, ...] = ()
    """Why nothing may be written, in plain words; empty when it may."""


def gate(app: WireObject, manage: Manage, unhonoured: tuple[str, ...]) -> Gate:
    """Shadow writes nothing, `adopted` only what carries both claims, `all` everything that uses what we honour.

    Argo CD: `skip-reconcile: "true"` stops its controller, which is what makes room for us.
    """
    active = app.metadata.annotations.get(words.CONTROLLER) == words.CONTROLLER_ACTIVE
    skipped = app.metadata.annotations.get(words.SKIP_RECONCILE) == words.TRUE
    if skipped and not active:
        return Gate(False, False, True, (f"{words.SKIP_RECONCILE} is set and {words.CONTROLLER} is not: left alone",))
    if manage == "shadow":
        return Gate(False, False, False, ("shadow mode: compared and shown, never written",))
    if manage == "adopted" and not (active and skipped):
        return Gate(False, False, False, ("not adopted: compared and shown, never written",))
    reasons = tuple(f"{feature} is not honoured by this version: compared, never written" for feature in unhonoured)
    return Gate(not reasons, True, False, reasons)
