"""Which hooks an operation is about: to be read before it is decided what it does next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Desired
from reconciler.plan import hooks
from reconciler.plan.operation import End, Run, next_move


def operation_hooks(app: Application, desired: Desired | None, *, now: datetime) -> frozenset[ObjectKey] | None:
    """Keys of the hooks of the operation under way; None where none is, or where its manifests have to be known first.

    An operation that is terminated is about those that it has started, even where nothing can be rendered.
    """
    move = next_move(app, now=now)
    if not isinstance(move, Run | End) or (desired is None and isinstance(move, Run)):
        return None
    return frozenset((*hooks.recorded_hooks(move.state), *_wanted(desired, move.state)))


def _wanted(desired: Desired | None, state: JsonObject) -> Iterator[ObjectKey]:
    if desired is None:
        return
    revision = desired.revisions[0] if desired.revisions else ""
    for manifest in desired.hooks:
        for phase in hooks.sync_phases(manifest):
            yield hooks.named(manifest, phase, revision, state).key
