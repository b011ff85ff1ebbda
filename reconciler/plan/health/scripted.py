"""What a Lua script's answer amounts to (Argo CD: custom health checks)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from reconciler.errors import SpecError
from reconciler.models.observed import Health, HealthCode
from reconciler.models.words import HEALTH_CODES

INVALID: Final = Health("Unknown", "Lua returned an invalid health status")


def health_of(answer: Any) -> Health | None:
    """Argo CD: nil and an empty table say nothing, a status that is none is Unknown. Raises SpecError for no table."""
    if answer is None or answer in ({}, []):
        return None
    if not isinstance(answer, Mapping):
        raise SpecError(f"it returned a {type(answer).__name__} instead of a table")
    status, message = answer.get("status"), answer.get("message")
    if status not in HEALTH_CODES:
        return INVALID
    return Health(cast("HealthCode", status), message if isinstance(message, str) else "")
