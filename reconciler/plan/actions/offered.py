"""Which actions an object offers, and what one of them changes: the settings' Lua first, else what is built in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.errors import SpecError
from reconciler.models.customizations import Script
from reconciler.models.customizations.kinds import ActionScripts
from reconciler.models.keys import GroupKind
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.plan.actions.builtin import BUILT_IN
from reconciler.plan.actions.change import Action, Change
from reconciler.plan.lens import Lens


@dataclass(frozen=True, slots=True)
class Offer:
    """One action of one object: whether it may be run now, and the names of its parameters."""

    name: str
    is_enabled: bool = True
    params: tuple[str, ...] = ()


def offer(live: LiveObject, lens: Lens) -> tuple[Offer, ...]:
    """All actions of an object, by name. Raises SpecError where the settings' discovery fails, and what `run` does."""
    custom = lens.settings.actions_of(live.group_kind)
    found = {
        name: Offer(name, item.is_enabled(live.body), item.params) for name, item in _built_in(live, custom).items()
    }
    if custom is not None and custom.discovery:
        told = lens.run(Script(custom.discovery), live.body)
        # An empty table comes back as a list or an object alike.
        entries = told.items() if isinstance(told, Mapping) else ()
        found |= {name: _offered(name, said) for name, said in entries if name in custom.definitions}
    return tuple(found[name] for name in sorted(found))


def changes_of(
    live: LiveObject, name: str, params: Mapping[str, str], lens: Lens, *, now: datetime
) -> tuple[Change, ...]:
    """What an action would change. Raises SpecError for one that is not offered now, or fails, or returns nonsense."""
    chosen = next((item for item in offer(live, lens) if item.name == name), None)
    if chosen is None or not chosen.is_enabled:
        why = "is not possible now" if chosen else "is not offered"
        raise SpecError(f"action {name} {why} for {live.key}")
    custom = lens.settings.actions_of(live.group_kind)
    if custom is not None and name in custom.definitions:
        program = _with_params(custom.definitions[name], params)
        return _returned(lens.run(Script(program), live.body), live)
    try:
        return (_built_in(live, custom)[name].apply(live.body, params, now),)
    except ValueError as error:
        raise SpecError(f"action {name} of {live.key}: {error}") from None


def _built_in(live: LiveObject, custom: ActionScripts | None) -> Mapping[str, Action]:
    """Argo CD: actions of the settings stand in place of the built-in ones, unless they ask to stand beside them."""
    if custom is not None and not custom.merges_built_in:
        return {}
    return BUILT_IN.get(GroupKind(live.key.group, live.key.kind), {})


def _offered(name: str, said: Any) -> Offer:
    known = said if isinstance(said, Mapping) else {}
    listed = known.get("params")
    params = [item.get("name", "") for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    return Offer(name, not known.get("disabled"), tuple(filter(None, params)))


def _with_params(program: str, params: Mapping[str, str]) -> str:
    """The program with `actionParams` before it; texts are written as byte escapes, so that none can end its quotes."""
    pairs = (f'["{_quoted(name)}"]="{_quoted(value)}"' for name, value in params.items())
    return f"actionParams = {{{', '.join(pairs)}}} {program}"


def _quoted(text: str) -> str:
    return "".join(f"\\{byte:03d}" for byte in text.encode())


def _returned(value: Any, live: LiveObject) -> tuple[Change, ...]:
    """Argo CD: the object as it shall be, or a list of creations and patches; only the object itself may be patched."""
    changes = [_change(item) for item in value] if isinstance(value, list) else [Change("patch", _object(value))]
    for change in changes:
        if change.operation == "patch" and not _is_same(change.resource, live.body):
            raise SpecError(f"an action of {live.key} would patch another object")
    return tuple(changes)


def _change(item: Any) -> Change:
    operation = item.get("operation") if isinstance(item, Mapping) else None
    if operation not in ("create", "patch"):
        raise SpecError(f"an action returned the operation {operation!r}, neither create nor patch")
    return Change(operation, _object(item.get("resource")))


def _object(value: Any) -> JsonObject:
    if not isinstance(value, dict) or not value.get("kind"):
        raise SpecError("an action returned something that is no object")
    return value


def _is_same(resource: JsonObject, live: JsonObject) -> bool:
    def names(body: JsonObject) -> Sequence[Any]:
        metadata = body.get("metadata") or {}
        return (body.get("apiVersion"), body.get("kind"), metadata.get("namespace"), metadata.get("name"))

    return names(resource) == names(live)
