"""Health of a core/v1 PersistentVolumeClaim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health, HealthCode
from reconciler.plan.health.reading import status_of, text

PHASES: Final[Mapping[str, HealthCode]] = {"Bound": "Healthy", "Pending": "Progressing", "Lost": "Degraded"}


def volume_claim(body: JsonObject) -> Health:
    """Argo CD: by phase."""
    return Health(PHASES.get(text(status_of(body), "phase"), "Unknown"))
