"""Health of what operators define, as tables: one file a family of operators, one row a kind.

May import `models` and the rules of the package above. Never reads anything but the object that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.operators import (
    argo,
    autoscaling,
    certificates,
    clusters,
    databases,
    flux,
    kubernetes,
    networking,
    observability,
    providers,
    secrets,
    serving,
    streaming,
)

Check = Callable[[JsonObject], Health]

FAMILIES: Final = (
    *(argo, autoscaling, certificates, clusters, databases, flux, kubernetes),
    *(networking, observability, providers, secrets, serving, streaming),
)

BY_KIND: Final[Mapping[tuple[str, str], Check]] = {
    key: rule for family in FAMILIES for key, rule in family.KINDS.items()
}
"""Group and kind → its check, for every version of the kind."""

BY_GROUP: Final[Mapping[str, Check]] = providers.GROUPS
"""Ending of a group's name → the check of all kinds in such groups that have none of their own."""


def check_of(group: str, kind: str) -> Check | None:
    """The check of a kind, by its name or by its group's ending; None where there is none."""
    own = BY_KIND.get((group, kind))
    return own or next((rule for ending, rule in BY_GROUP.items() if group.endswith(ending)), None)


__all__ = ["BY_GROUP", "BY_KIND", "FAMILIES", "check_of"]
