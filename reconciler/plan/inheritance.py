"""Which global projects a project inherits from. Argo CD: `globalProjects` of argocd-cm."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import yaml

from reconciler.errors import SpecError
from reconciler.models.project import AppProject

GLOBAL_PROJECTS: Final = "globalProjects"


def global_projects(settings_cm: Mapping[str, str], project: AppProject) -> tuple[str, ...]:
    """Names of the global projects whose selector matches this project's labels, in order; never its own name.

    Raises SpecError for a setting that cannot be read: without it nobody knows what is forbidden.
    """
    entries = _parsed(settings_cm.get(GLOBAL_PROJECTS, ""))
    labels = project.metadata.labels
    names = (name for name, selector in entries if name != project.metadata.name and matches(selector, labels))
    return tuple(dict.fromkeys(names))


def matches(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a Kubernetes label selector matches; an empty one matches everything. Raises SpecError."""
    exact = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or []
    return all(labels.get(name) == value for name, value in exact.items()) and all(
        _holds(item, labels) for item in expressions
    )


def _holds(item: Any, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(item.get("key")), item.get("values") or []
    match item.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise SpecError(f"setting {GLOBAL_PROJECTS} of argocd-cm has an unknown operator {item.get('operator')!r}")


# Read in every pass and changed almost never.
@lru_cache(maxsize=8)
def _parsed(text: str) -> tuple[tuple[str, Any], ...]:
    try:
        entries = yaml.safe_load(text) or []
        return tuple((str(entry["projectName"]), dict(entry.get("labelSelector") or {})) for entry in entries)
    except (yaml.YAMLError, TypeError, KeyError, ValueError, AttributeError) as error:
        raise SpecError(f"setting {GLOBAL_PROJECTS} of argocd-cm cannot be read") from error
