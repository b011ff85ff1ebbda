"""Kinds that an installation keeps out of management. Source: Argo CD 3.6, resource exclusions and inclusions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import yaml

from reconciler.models.keys import GroupKind

EXCLUSIONS = "resource.exclusions"
INCLUSIONS = "resource.inclusions"


@dataclass(frozen=True, slots=True)
class Filter:
    """One entry; an empty tuple means every group or every kind. Which clusters it is for is not looked at."""

    groups: tuple[str, ...]
    kinds: tuple[str, ...]

    def covers(self, kind: GroupKind) -> bool:
        return _any(self.groups, kind.group) and _any(self.kinds, kind.kind)


_ALWAYS = (
    Filter(("events.k8s.io", "metrics.k8s.io"), ()),
    Filter(("",), ("Event",)),
    Filter(("coordination.k8s.io",), ("Lease",)),
)


def filtered_by(kind: GroupKind, settings_cm: Mapping[str, str]) -> str | None:
    """The setting that keeps a kind out of management, or None. A setting that does not parse keeps everything out."""
    if any(entry.covers(kind) for entry in _ALWAYS):
        return f"{EXCLUSIONS} (built in)"
    excluded = _filters(settings_cm.get(EXCLUSIONS, ""))
    if excluded is None or any(entry.covers(kind) for entry in excluded):
        return EXCLUSIONS
    included = _filters(settings_cm.get(INCLUSIONS, ""))
    if included is None or (included and not any(entry.covers(kind) for entry in included)):
        return INCLUSIONS
    return None


@lru_cache(maxsize=8)
def _filters(text: str) -> tuple[Filter, ...] | None:
    try:
        entries = yaml.safe_load(text) or []
        return tuple(Filter(_texts(entry.get("apiGroups")), _texts(entry.get("kinds"))) for entry in entries)
    except (yaml.YAMLError, AttributeError, TypeError):
        return None


def _texts(values: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or ())


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)
