"""How the health of several objects adds up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.models.observed import Health, HealthCode
from reconciler.models.words import HEALTH_CODES

BADNESS: Final[Mapping[str, int]] = {code: rank for rank, code in enumerate(HEALTH_CODES)}


def worst(healths: Iterable[Health]) -> HealthCode:
    """The worst status among them; Healthy where there is none."""
    codes: Iterable[HealthCode] = (health.status for health in healths)
    return max(codes, key=BADNESS.__getitem__, default="Healthy")
