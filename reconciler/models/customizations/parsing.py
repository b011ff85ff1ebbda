"""Reads `resource.customizations`, the old map and the keys by kind, and what stands beside them. Argo CD 3.6."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

import yaml

from reconciler.errors import SpecError
from reconciler.models.customizations.kinds import (
    ANY_KIND,
    NO_CUSTOMIZATIONS,
    ActionScripts,
    Customizations,
    KnownField,
    Script,
    Statuses,
)
from reconciler.models.source import IgnoreDifference

OLD_MAP: Final = "resource.customizations"
COMPARE_OPTIONS: Final = "resource.compareoptions"
HIDDEN_ANNOTATIONS: Final = "resource.sensitive.mask.annotations"
UPDATES_ENABLED: Final = "resource.ignoreResourceUpdatesEnabled"
OTHERS: Final = (COMPARE_OPTIONS, HIDDEN_ANNOTATIONS, UPDATES_ENABLED)

NEW_NAMES: Final[Mapping[str, str]] = {
    "health": "health.lua",
    "useOpenLibs": "health.lua.useOpenLibs",
    "actions": "actions",
    "ignoreDifferences": "ignoreDifferences",
    "ignoreResourceUpdates": "ignoreResourceUpdates",
    "knownTypeFields": "knownTypeFields",
}
"""Word of a key by kind → the same thing's name in the old map."""

LISTS: Final = ("jsonPointers", "jqPathExpressions", "managedFieldsManagers")
STATUS_WORDS: Final[Mapping[Any, Statuses]] = {"all": "all", "crd": "crd", "none": "none", "off": "none", False: "none"}
"""YAML reads a bare `off` as false."""


class _Broken(ValueError):
    """A setting that does not say what it must."""


def customizations_of(settings_cm: Mapping[str, str]) -> Customizations:
    """What argocd-cm says of kinds. Raises SpecError, which names the setting and shows nothing of its value."""
    concerned = (key for key in settings_cm if key in OTHERS or key.startswith(OLD_MAP))
    return _parsed(tuple((key, settings_cm[key]) for key in sorted(concerned)))


class _Said(NamedTuple):
    """One thing said of one kind."""

    key: str
    what: str
    value: Any


# Read in every pass and changed almost never.
@lru_cache(maxsize=16)
def _parsed(settings: tuple[tuple[str, str], ...]) -> Customizations:
    found = NO_CUSTOMIZATIONS
    for name, text in settings:
        try:
            found = _with(found, name, text)
        except (yaml.YAMLError, _Broken, ValueError, TypeError, AttributeError, KeyError) as error:
            raise SpecError(f"setting {name} of argocd-cm cannot be read: {_why(error)}") from error
    return found


def _with(found: Customizations, name: str, text: str) -> Customizations:
    if name == COMPARE_OPTIONS:
        return _compare_options(found, _map(yaml.safe_load(text) or {}))
    if name == HIDDEN_ANNOTATIONS:
        hidden = frozenset(part.strip() for part in text.split(",") if part.strip())
        return replace(found, hidden_annotations=hidden)
    if name == UPDATES_ENABLED:
        return replace(found, ignores_updates=text.strip() != "false")
    for said in _old(text) if name == OLD_MAP else _new(name, text):
        found = _told(found, said)
    return found


def _compare_options(found: Customizations, options: Mapping[str, Any]) -> Customizations:
    word = options.get("ignoreResourceStatusField", "all")
    if word not in STATUS_WORDS:
        raise _Broken("ignoreResourceStatusField is none of all, crd and none")
    shares = options.get("ignoreDifferencesOnResourceUpdates", True) is not False
    return replace(
        found,
        ignores_aggregated_roles=options.get("ignoreAggregatedRoles") is True,
        ignored_status=STATUS_WORDS[word],
        shares_ignores=shares,
    )


def _old(text: str) -> Iterator[_Said]:
    for key, entry in _map(yaml.safe_load(text) or {}).items():
        for what, value in _map(entry).items():
            yield _Said(str(key), str(what), _unfolded(str(what), value))


def _new(name: str, text: str) -> Iterator[_Said]:
    word, _, written = name.removeprefix(f"{OLD_MAP}.").partition(".")
    what = NEW_NAMES.get(word)
    if what is None or not written:
        raise _Broken("there is no such setting")
    group, underscore, kind = written.rpartition("_")
    key = ANY_KIND if written == "all" else f"{group}/{kind}" if underscore else kind
    yield _Said(key, what, _unfolded(what, text))


def _unfolded(what: str, value: Any) -> Any:
    """Everything but scripts and switches is YAML once more, also inside the old map."""
    if what.startswith("health.lua"):
        return str(value)
    return yaml.safe_load(value) if isinstance(value, str) else value


def _told(found: Customizations, said: _Said) -> Customizations:
    if said.what == "health.lua":
        before = found.health.get(said.key, Script(""))
        return replace(found, health={**found.health, said.key: before._replace(text=said.value)})
    if said.what == "health.lua.useOpenLibs":
        before = found.health.get(said.key, Script(""))
        open_libs = said.value.strip().lower() == "true"
        return replace(found, health={**found.health, said.key: before._replace(open_libs=open_libs)})
    if said.what == "actions":
        return replace(found, actions={**found.actions, said.key: _actions(_map(said.value))})
    if said.what == "ignoreDifferences":
        return replace(found, ignore_differences=(*found.ignore_differences, _rule(said)))
    if said.what == "ignoreResourceUpdates":
        return replace(found, ignore_updates=(*found.ignore_updates, _rule(said)))
    if said.what == "knownTypeFields":
        fields = tuple(KnownField(tuple(item["field"].split(".")), item["type"]) for item in said.value or ())
        return replace(found, known_fields={**found.known_fields, said.key: fields})
    raise _Broken(f"{said.what} is none of Argo CD's customizations")


def _rule(said: _Said) -> IgnoreDifference:
    group, _, kind = said.key.rpartition("/")
    lists = {name: value for name, value in _map(said.value or {}).items() if name in LISTS and value}
    return IgnoreDifference.model_validate({"group": group, "kind": kind, **lists})


def _actions(value: Mapping[str, Any]) -> ActionScripts:
    return ActionScripts(
        discovery=str(value.get("discovery.lua") or ""),
        definitions={str(item["name"]): str(item.get("action.lua") or "") for item in value.get("definitions") or ()},
        merges_built_in=value.get("mergeBuiltinActions") is True,
    )


def _map(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Broken("an object is wanted")
    return value


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, _Broken) else type(error).__name__
