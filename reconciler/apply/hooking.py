"""The three calls of a hook's life: it is created once, let go when its result is recorded, and deleted."""

from __future__ import annotations

from reconciler.apply.writer import Writer
from reconciler.errors import ObjectConflict
from reconciler.models import words
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.plan.hooks import is_held
from reconciler.plan.steps import Step

FOREGROUND = "Foreground"


def start(step: Step, writer: Writer) -> LiveObject:
    """Creates a hook; over an older one that its delete policy leaves there, it is applied (Argo CD).

    One that is there with the same stamp is ours already: the worker that created it died before it could tell. Raises
    ObjectConflict for any other one, which the next pass will see.
    """
    manifest = step.manifest or Manifest({})
    if step.live is not None:
        return writer.apply(manifest, live=step.live)
    try:
        return writer.create(manifest)
    except ObjectConflict:
        there = writer.cluster.get(step.key, manifest.version)
        if there is not None and _stamp(there) == _stamp(manifest) and is_held(there):
            return there
        raise


def release(step: Step, writer: Writer) -> None:
    """Takes our finalizer off; one that is gone already needs nothing."""
    if step.live is not None:
        writer.let_go(step.live, words.HOOK_FINALIZER)


def clean(step: Step, writer: Writer) -> None:
    """Deletes a hook, our finalizer first, since nobody else would take it off."""
    live = step.live
    if live is not None and is_held(live):
        live = writer.let_go(live, words.HOOK_FINALIZER)
    if live is not None and not live.is_terminating:
        writer.delete(live, step.propagation or FOREGROUND)


def _stamp(manifest: Manifest) -> str:
    return manifest.annotations.get(words.OPERATION, "")
