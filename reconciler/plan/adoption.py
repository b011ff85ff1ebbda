"""Taking an Application over from Argo CD, and giving it back: one JSON patch, so that nothing lies in between.

`reconciler.dev/controller: active` says that we may write; `argocd.argoproj.io/skip-reconcile: "true"` stops Argo CD's
controller. Both come and go in one patch, which fails as a whole once an operation was requested or the object is
another one. What stood there before is remembered, so that a release takes away nothing that somebody else has set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject

ADOPTED: Final = "reconciler.dev/adopted"
"""Remembers skip-reconcile as it was before the adoption: `skip-reconcile=VALUE`, VALUE empty when it was not set."""

BEFORE: Final = "skip-reconcile="
ANNOTATIONS: Final = "/metadata/annotations"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be patched; `patch` is empty when nothing has to change. `says` tells it to people."""

    patch: tuple[JsonObject, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the Application cannot change hands now."""

    why: str


Handover = Change | Refusal


def adoption(app: Application, unhonoured: tuple[str, ...]) -> Handover:
    """Hands an Application over to us. Refused while an operation runs, and where nobody would sync it afterwards."""
    present = app.metadata.annotations
    if is_adopted(app):
        return Change((), "is adopted already")
    if unhonoured:
        return Refusal(f"uses {', '.join(unhonoured)}, which this version does not honour, so nobody would sync it")
    if why := _busy(app):
        return Refusal(why)
    before = f"{BEFORE}{present.get(words.SKIP_RECONCILE, '')}"
    wanted = {
        words.CONTROLLER: words.CONTROLLER_ACTIVE,
        words.SKIP_RECONCILE: words.TRUE,
        # Half an adoption made by hand has no memory yet; a whole one must not be remembered as its own past.
        ADOPTED: present.get(ADOPTED, before),
    }
    says = f"set {words.CONTROLLER}={words.CONTROLLER_ACTIVE} and {words.SKIP_RECONCILE}=true"
    return Change(_patch(app, wanted), says)


def release(app: Application) -> Handover:
    """Gives an Application back: removes what `adoption` set, and only that. Refused while an operation runs."""
    present = app.metadata.annotations
    if words.CONTROLLER not in present and ADOPTED not in present:
        return Change((), "is not adopted")
    if why := _busy(app):
        return Refusal(why)
    wanted: dict[str, str | None] = {name: None for name in (words.CONTROLLER, ADOPTED) if name in present}
    skip = words.SKIP_RECONCILE
    if ADOPTED not in present:
        return Change(_patch(app, wanted), f"remove {words.CONTROLLER}; {skip} stays, no adoption of ours set it")
    before = present[ADOPTED].removeprefix(BEFORE)
    if present.get(skip) != words.TRUE or before == words.TRUE:
        return Change(_patch(app, wanted), f"remove {words.CONTROLLER}; {skip} stays as somebody else set it")
    wanted[skip] = before or None
    says = f"set {skip} back to {before}" if before else f"remove {skip}"
    return Change(_patch(app, wanted), f"remove {words.CONTROLLER} and {says}")


def is_adopted(app: Application) -> bool:
    """Whether both claims stand."""
    present = app.metadata.annotations
    active = present.get(words.CONTROLLER) == words.CONTROLLER_ACTIVE
    return active and present.get(words.SKIP_RECONCILE) == words.TRUE


def _busy(app: Application) -> str:
    state = app.status.operation_state
    if app.operation is not None or (state is not None and not state.is_completed):
        return "an operation is in progress"
    return "it is being deleted" if app.is_deleting else ""


def _patch(app: Application, wanted: Mapping[str, str | None]) -> tuple[JsonObject, ...]:
    guards = (_test("/metadata/uid", app.uid), _test("/operation", None))
    present = (app.raw.get("metadata") or {}).get("annotations")
    if not isinstance(present, dict):
        return (*guards, _test(ANNOTATIONS, None), {"op": "add", "path": ANNOTATIONS, "value": dict(wanted)})
    changes = [_change(name, value, present) for name, value in wanted.items()]
    # What is replaced or removed is tested first: the memory must be of what is really there.
    return (*guards, *(test for test, _ in changes), *(change for _, change in changes))


def _change(name: str, value: str | None, present: Mapping[str, str]) -> tuple[JsonObject, JsonObject]:
    path = f"{ANNOTATIONS}/{name.replace('~', '~0').replace('/', '~1')}"
    change: JsonObject = (
        {"op": "remove", "path": path} if value is None else {"op": "add", "path": path, "value": value}
    )
    return _test(path, present.get(name)), change


def _test(path: str, value: object) -> JsonObject:
    return {"op": "test", "path": path, "value": value}
