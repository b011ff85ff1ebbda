"""Kinds that an installation keeps out of management. Argo CD: resource exclusions and inclusions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

import yaml

from reconciler.errors import SpecError
from reconciler.models.keys import GroupKind

EXCLUSIONS: Final = "resource.exclusions"
INCLUSIONS: Final = "resource.inclusions"


@dataclass(frozen=True, slots=True)
class Filter:
    """One entry; an empty tuple means every group, every kind or every cluster. All are globs."""

    groups: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()

    def covers(self, kind: GroupKind, cluster: str) -> bool:
        return _any(self.groups, kind.group) and _any(self.kinds, kind.kind) and self.is_for(cluster)

    def is_for(self, cluster: str) -> bool:
        return _any(self.clusters, cluster)


ALWAYS: Final = (
    Filter(groups=("events.k8s.io", "metrics.k8s.io")),
    Filter(groups=("",), kinds=("Event",)),
    Filter(groups=("coordination.k8s.io",), kinds=("Lease",)),
)
"""Argo CD: kept out whatever the settings say."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is kept out, and, where there is any such entry for a cluster, all that is let in there."""

    exclusions: tuple[Filter, ...] = ()
    inclusions: tuple[Filter, ...] = ()

    def excludes(self, kind: GroupKind, cluster: str) -> bool:
        """Whether a kind is not managed on the cluster of this address. Argo CD: an exclusion wins."""
        if any(entry.covers(kind, cluster) for entry in (*ALWAYS, *self.exclusions)):
            return True
        let_in = [entry for entry in self.inclusions if entry.is_for(cluster)]
        return bool(let_in) and not any(entry.covers(kind, cluster) for entry in let_in)


NO_FILTERS: Final = Filters()


def filters_of(settings_cm: Mapping[str, str]) -> Filters:
    """What argocd-cm says. Raises SpecError for what cannot be read: then nothing may be taken for managed."""
    return Filters(*(_parsed(name, settings_cm.get(name, "")) for name in (EXCLUSIONS, INCLUSIONS)))


@lru_cache(maxsize=8)
def _parsed(name: str, text: str) -> tuple[Filter, ...]:
    try:
        entries = yaml.safe_load(text) or []
        return tuple(_filter(entry) for entry in entries)
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise SpecError(f"setting {name} of argocd-cm is no list of apiGroups, kinds and clusters") from error


def _filter(entry: Mapping[str, Any]) -> Filter:
    return Filter(_texts(entry.get("apiGroups")), _texts(entry.get("kinds")), _texts(entry.get("clusters")))


def _texts(values: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or ())


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)
