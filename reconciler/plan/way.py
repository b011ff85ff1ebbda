"""How one object is written: what it asks for by its own sync options, and what the operation asks for."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.operation import SyncOperation
from reconciler.plan.options import object_options, options_of
from reconciler.plan.order import NAMESPACE
from reconciler.plan.proof import Claim, refusal

UNNAMED = "the operation forces everything and names nothing: name it among the resources, or annotate it Force=true"


@dataclass(frozen=True, slots=True)
class Way:
    """What the options of one object come to."""

    whole: bool = False
    """Put in place of what is there instead of merged into it (`Replace=true`)."""

    anew: bool = False
    """May be deleted and created anew (`Force=true`): at once with `whole`, else if the server refuses the change."""

    spared: str = ""
    """Why it may not, although that was asked for."""

    strict: bool = True
    """Fields that its kind does not have are refused (`Validate=false` lets them pass)."""


PLAIN = Way()


def way_of(desired: Manifest, live: LiveObject | None, sync: SyncOperation, claim: Claim) -> Way:
    """How this operation writes this object.

    Argo CD: `Replace` and `Force` count on the desired and on the live object; custom resource definitions and
    namespaces are never deleted for it. A deletion is asked for by name: on the object, or by an operation that forces
    and names it.
    """
    forced = live is not None and (_says("Force", desired, live) or _is_forced(sync))
    spared = _spared(desired, live, sync, claim) if forced and live else ""
    return Way(is_whole(desired, live, sync), forced and not spared, spared, is_strict(desired, sync))


def is_whole(desired: Manifest, live: LiveObject | None, sync: SyncOperation) -> bool:
    """Whether an object is replaced instead of applied. Argo CD: the application's option cannot be taken back."""
    return options_of(sync.sync_options).get("Replace") == words.TRUE or _says("Replace", desired, live)


def is_strict(desired: Manifest, sync: SyncOperation) -> bool:
    """Whether fields that a kind does not have are refused."""
    return "false" not in (options_of(sync.sync_options).get("Validate"), object_options(desired).get("Validate"))


def may_lack_its_kind(desired: Manifest, sync: SyncOperation) -> bool:
    """Whether a kind that is not served is no reason not to begin (`SkipDryRunOnMissingResource`)."""
    texts = (options_of(sync.sync_options), object_options(desired))
    return any(options.get("SkipDryRunOnMissingResource") == words.TRUE for options in texts)


def survives_refusal(desired: Manifest, live: LiveObject, sync: SyncOperation) -> bool:
    """Whether a server that refuses to apply the object in place has not said the last word."""
    return is_whole(desired, live, sync) or _says("Force", desired, live) or _is_forced(sync)


def asked_of(app: Application) -> SyncOperation:
    """The operation under way, or the one that the spec would lead to."""
    if app.operation is not None and app.operation.sync is not None:
        return app.operation.sync
    return SyncOperation(sync_options=tuple(app.spec.sync_options))


def _spared(desired: Manifest, live: LiveObject, sync: SyncOperation, claim: Claim) -> str:
    if not _says("Force", desired, live) and not _names(sync, live.key):
        return UNNAMED
    if live.group_kind == NAMESPACE:
        return "namespaces are never deleted by the way"
    return refusal(live, claim) or ""


def _says(name: str, desired: Manifest, live: LiveObject | None) -> bool:
    return any(object_options(item).get(name) == words.TRUE for item in (desired, live) if item is not None)


def _is_forced(sync: SyncOperation) -> bool:
    strategy = sync.sync_strategy
    chosen = (strategy.apply, strategy.hook) if strategy else ()
    return any(item is not None and item.force for item in chosen)


def _names(sync: SyncOperation, key: ObjectKey) -> bool:
    return any(
        (item.group, item.kind, item.name) == (key.group, key.kind, key.name) and item.namespace in ("", key.namespace)
        for item in sync.resources
    )
