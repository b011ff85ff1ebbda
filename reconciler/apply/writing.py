"""One object's write, in the way that its step says: applied, replaced, or by force deleted and created anew."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.apply.writer import Writer
from reconciler.errors import ObjectConflict, ObjectRejected, ReconcilerError
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.plan.steps import Step

BACKGROUND = "Background"
"""Of what is created anew, the dependents are left to the garbage collector, as `kubectl replace --force` does."""

INVALID = 422
"""How an API server refuses a change of what cannot be changed."""


class StillThere(ReconcilerError):
    """An object that has to go first is on its way out; what comes after it is created by a later pass."""


def write(step: Step, writer: Writer, removed: Callable[[ObjectKey], None]) -> LiveObject:
    """The object as it is afterwards. Calls `removed` once something was deleted that is to be created anew.

    Raises what Writer raises, and StillThere.
    """
    manifest, live, way = step.manifest, step.live, step.way
    if manifest is None:
        raise ValueError(f"{step.action} of {step.key} without a manifest")
    if live is None:
        if way.whole:
            return writer.create(manifest, strict=way.strict)
        return writer.apply(manifest, live=None, strict=way.strict)
    if way.anew and (way.whole or live.is_terminating):
        return _anew(manifest, live, writer, step, removed)
    try:
        return _in_place(step, manifest, live, writer)
    except ObjectRejected as error:
        if error.status != INVALID or not way.anew:
            raise _told(error, way.spared) from error
    return _anew(manifest, live, writer, step, removed)


def _in_place(step: Step, manifest: Manifest, live: LiveObject, writer: Writer) -> LiveObject:
    if step.way.whole:
        return writer.replace(manifest, live=live, strict=step.way.strict)
    before = live if step.migrate is None else writer.migrate(live, step.migrate)
    return writer.apply(manifest, live=before, strict=step.way.strict)


def _anew(
    manifest: Manifest, live: LiveObject, writer: Writer, step: Step, removed: Callable[[ObjectKey], None]
) -> LiveObject:
    """Deletes exactly the object that was read, unless it is going already, and creates the new one once it is gone."""
    if not live.is_terminating and writer.delete(live, BACKGROUND):
        removed(step.key)
    try:
        return writer.create(manifest, strict=step.way.strict)
    except ObjectConflict:
        raise StillThere(f"waiting for {step.key} to be gone before it is created anew") from None


def _told(error: ObjectRejected, spared: str) -> ObjectRejected:
    return ObjectRejected(f"{error} (not deleted by force: {spared})", status=error.status) if spared else error
