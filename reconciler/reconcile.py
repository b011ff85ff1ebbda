"""One pass over one application: read, decide, act, record, and say when it is due again.

    look    Application, project, destination → revision → manifests → what is live, by the cheapest proof → a plan
    act     the plan's steps, each tied to what was read and to the lease
    record  status if it changed, events, what the next pass may rely on

Nothing here waits: what needs time is a later pass, due by an event or by `held.next_due_s`.
"""

from __future__ import annotations

from datetime import datetime

from reconciler.errors import ObjectConflict, ObjectGone
from reconciler.models.application import Application
from reconciler.models.keys import AppKey
from reconciler.models.result import ReconcileResult
from reconciler.passes.acting import act, eyes_of
from reconciler.passes.contest import give_way, return_in_time
from reconciler.passes.deletion import take_down
from reconciler.passes.looking import look_at
from reconciler.passes.recollection import recall
from reconciler.passes.recording import record
from reconciler.passes.standing import stand
from reconciler.plan.operation import overdue
from reconciler.services import Services
from reconciler.store.lease import Held


def reconcile(key: AppKey, services: Services, held: Held, *, now: datetime) -> ReconcileResult:
    """One pass. Raises LeaseLost, StoreUnavailable, ClusterUnavailable (control cluster): then nothing is recorded."""
    try:
        app = services.readers.catalog.application(key)
    except ObjectGone:
        return _gone(key, services, held)
    try:
        return _pass(app, services, held, now=now)
    except (ObjectConflict, ObjectGone):
        held.next_due_s = 0.0
        return ReconcileResult(key, app.uid, "skipped", next_due_s=0.0, why="the Application changed meanwhile")


def _pass(app: Application, services: Services, held: Held, *, now: datetime) -> ReconcileResult:
    standing = stand(overdue(app, services.readers.settings.sync_timeout_s, now=now), services.readers)
    app = standing.app
    if standing.gate.skip:
        return ReconcileResult(app.key, app.uid, "skipped", why="; ".join(standing.gate.reasons))
    if app.is_deleting:
        return take_down(standing, services, held, now=now)
    known = recall(app, services, asked=held.lane == "person", now=now)
    standing = give_way(standing, known, services)
    seen = look_at(standing, services.readers, eyes_of(known, held), now=now)
    acted = act(seen, services, held)
    result = record(seen, acted, known, held)
    return_in_time(known, held)
    return result


def _gone(key: AppKey, services: Services, held: Held) -> ReconcileResult:
    """The Application does not exist: forget it, which is the only way out of the due set."""
    services.forget(key)
    held.forget()
    return ReconcileResult(key, held.uid, "gone", why="the Application does not exist")
