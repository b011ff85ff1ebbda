"""Health of a batch/v1 Job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health, HealthCode
from reconciler.plan.health.reading import conditions, text

ENDED: Final[Mapping[str, HealthCode]] = {"Failed": "Degraded", "Complete": "Healthy", "Suspended": "Suspended"}


def job(body: JsonObject) -> Health:
    """Argo CD: failed is Degraded, suspended Suspended, complete Healthy; anything else is Progressing."""
    true = {entry.get("type"): entry for entry in conditions(body) if entry.get("status") == "True"}
    for kind, code in ENDED.items():
        if kind in true:
            return Health(code, text(true[kind], "message"))
    return Health("Progressing")
