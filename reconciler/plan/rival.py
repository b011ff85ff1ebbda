"""Another writer where only we may write: of an Application's status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.plan.times import instant_of

OURS: Final = frozenset({"reconciler", "reconciler-cli"})
TURNS: Final = 3
"""So often somebody else has written after us before we call it a rival: once is a person at the keyboard."""

QUIET_S: Final = 600.0
"""A rival that has not written for so long has left, and we begin again."""


@dataclass(frozen=True, slots=True)
class Rivalry:
    """What is remembered of it: who wrote last, when (RFC 3339), and how many times in a row after us."""

    who: str = ""
    at: str = ""
    turns: int = 0

    @property
    def is_rival(self) -> bool:
        return self.turns >= TURNS

    @property
    def why(self) -> str:
        minutes = f"{QUIET_S / 60:.0f} minutes"
        return f"{self.who}, last at {self.at}: nothing is written until it has been quiet for {minutes}"


NOBODY: Final = Rivalry()


def watched(app: Application, before: Rivalry, *, now: datetime) -> Rivalry:
    """What the status tells: another manager's write that came after ours, and after the last one that was counted."""
    entries = (app.raw.get("metadata") or {}).get("managedFields") or ()
    manager, at = _newest(entries, ours=False)
    _, own = _newest(entries, ours=True)
    if own and at >= own and at > before.at:
        return Rivalry(f"{manager} writes the status of the Application too", at, before.turns + 1)
    return _rested(before, now)


def _rested(before: Rivalry, now: datetime) -> Rivalry:
    last = instant_of(before.at)
    is_over = last is not None and (now - last).total_seconds() > QUIET_S
    return replace(NOBODY, at=before.at) if is_over else before


def _newest(entries: Sequence[JsonObject], *, ours: bool) -> tuple[str, str]:
    """The manager and the time of the newest write of a status, by us or by all others; empty where there is none."""
    found = [
        (str(entry.get("time") or ""), str(entry.get("manager") or ""))
        for entry in entries
        if "f:status" in (entry.get("fieldsV1") or {}) and (entry.get("manager") in OURS) is ours
    ]
    at, manager = max(found, default=("", ""))
    return manager, at
