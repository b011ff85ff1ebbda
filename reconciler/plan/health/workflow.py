"""Health of an argoproj.io Workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health, HealthCode
from reconciler.plan.health.reading import status_of, text

PHASES: Final[Mapping[str, HealthCode]] = {
    "": "Progressing",
    "Pending": "Progressing",
    "Running": "Progressing",
    "Succeeded": "Healthy",
    "Failed": "Degraded",
    "Error": "Degraded",
}


def workflow(body: JsonObject) -> Health:
    """Argo CD: by phase."""
    status = status_of(body)
    return Health(PHASES.get(text(status, "phase"), "Unknown"), text(status, "message"))
