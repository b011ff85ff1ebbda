"""One look at a progressive sync: its states are written down first, then what they ask for is done."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.apply.children import ChildWriter
from reconciler.errors import ObjectConflict, ObjectGone, ObjectRejected
from reconciler.generate.rollout import Rollout, operation
from reconciler.models.keys import AppKey, EntryKey
from reconciler.models.manifest import LiveObject
from reconciler.store.due import DueSet, Request

Conditions = dict[str, tuple[str, str, str]]


def conditions_of(rollout: Rollout) -> Conditions:
    """What the set shows of its rollout."""
    going = ("True", "ApplicationSetModified", "ApplicationSet is performing rollout of Applications")
    done = ("False", "ApplicationSetRolloutComplete", "ApplicationSet Rollout has completed")
    found: Conditions = {"RolloutProgressing": done if rollout.is_done else going}
    if rollout.invalid:
        found["InvalidRolloutConfig"] = ("True", "InvalidRolloutConfig", rollout.invalid)
    return found


def ask(syncs: Iterable[LiveObject], writer: ChildWriter, due: DueSet) -> None:
    """Asks for the syncs; one that is refused, or runs already, is looked at again next time. Raises LeaseLost."""
    for live in syncs:
        try:
            writer.ask(live, operation(live))
        except (ObjectConflict, ObjectRejected, ObjectGone):
            continue
        destination = (live.body.get("spec") or {}).get("destination") or {}
        place = destination.get("server") or destination.get("name") or ""
        # An operation that a controller began is no news to observers.
        due.request_many([Request(EntryKey.app(AppKey(live.key.namespace, live.key.name)), live.uid, "push", place)])
