"""Instants and durations as Kubernetes and Argo CD write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def rfc3339(instant: datetime) -> str:
    """`2026-01-02T03:04:05Z`: whole seconds in UTC, as the API server stores them."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_of(text: str) -> datetime | None:
    """Reads RFC 3339 text; None for anything that is no such time, and for one without a zone."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def duration_s(text: str) -> float:
    """Seconds of a Go duration such as `1m30s`; a bare number counts seconds. Raises ValueError for anything else."""
    if text.isascii() and text.isdigit():
        return float(text)
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no duration")
    return sum(float(number) * _UNIT_S[unit] for number, unit in _PART.findall(text))
