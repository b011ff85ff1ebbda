"""When syncs are allowed: the windows of a project, as Argo CD judges them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.models.application import Application
from reconciler.models.project import SyncWindow
from reconciler.plan.cron import Schedule, schedule_of
from reconciler.plan.globs import glob
from reconciler.plan.times import duration_s

BLOCKED = "Sync operation blocked by sync window"
"""Argo CD's message of an operation that is held."""

HORIZON = timedelta(days=32)
"""An edge further away than this is not waited for: a full check comes long before."""


@dataclass(frozen=True, slots=True)
class Closed:
    """No sync now. `due_s` seconds from now the next edge may change that; None where none is near."""

    why: str
    due_s: float | None


@dataclass(frozen=True, slots=True)
class _Window:
    """One window that concerns the application, with its times read."""

    window: SyncWindow
    schedule: Schedule
    lasts: timedelta
    zone: ZoneInfo

    def is_active(self, now: datetime) -> bool:
        return self.schedule.last(_wall(now, self.zone), self.lasts) is not None

    def edge_s(self, now: datetime) -> float | None:
        """Seconds until it opens, or until it closes if it is open."""
        wall = _wall(now, self.zone)
        begun = self.schedule.last(wall, self.lasts)
        edge = begun + self.lasts if begun else self.schedule.next(wall, HORIZON)
        # By the offset that will hold there then: clocks may be put forward in between.
        return max(1.0, (edge.replace(tzinfo=self.zone).astimezone(UTC) - now).total_seconds()) if edge else None


def closed(
    app: Application, windows: Sequence[SyncWindow], *, manual: bool, now: datetime, started: datetime | None = None
) -> Closed | None:
    """Why this application may not be synced now; None when it may.

    `started` is the start of an operation that runs already. Argo CD: it goes on in closed windows only if all of
    those have `syncOverrun` and it was permitted when it started. A window that cannot be read closes all.
    """
    try:
        concerning = [_read(item) for item in windows if applies(item, app)]
    except ValueError as error:
        return Closed(f"{BLOCKED}: {error}", None)
    blocking = _blocking(concerning, manual=manual, now=now)
    if not blocking or (started and _overruns(concerning, blocking, manual=manual, started=started)):
        return None
    edges = [edge for item in concerning if (edge := item.edge_s(now)) is not None]
    return Closed(BLOCKED, min(edges, default=None))


def applies(window: SyncWindow, app: Application) -> bool:
    """Argo CD: any of the three lists matches, or with `andOperator` all that are not empty do.

    The spec is taken as it is written: a window that names a server does not know an application that gives a name.
    """
    wanted = app.spec.destination
    pairs = (
        (window.applications, (app.metadata.name,)),
        (window.namespaces, (wanted.namespace,)),
        (window.clusters, (wanted.name, wanted.server)),
    )
    matches = [_matches(patterns, texts) for patterns, texts in pairs if patterns]
    return bool(matches) and (all(matches) if window.and_operator else any(matches))


def _matches(patterns: Iterable[str], texts: Iterable[str]) -> bool:
    return any(glob(pattern).fullmatch(text) for text in texts if text for pattern in patterns)


def _blocking(windows: Sequence[_Window], *, manual: bool, now: datetime) -> list[_Window]:
    """The windows that forbid a sync now: active denials, or else allowances none of which is active."""
    denials = [item for item in windows if item.window.kind == "deny" and item.is_active(now)]
    allowances = [item for item in windows if item.window.kind == "allow"]
    if denials:
        found = denials
    elif any(item.is_active(now) for item in allowances):
        found = []
    else:
        found = allowances
    return [] if manual and all(item.window.manual_sync for item in found) else found


def _overruns(windows: Sequence[_Window], blocking: Sequence[_Window], *, manual: bool, started: datetime) -> bool:
    allowed = all(item.window.sync_overrun for item in blocking)
    return allowed and not _blocking(windows, manual=manual, now=started)


def _read(window: SyncWindow) -> _Window:
    """Raises ValueError that says what of it cannot be read."""
    if window.kind not in ("allow", "deny"):
        raise ValueError(f"sync window of kind {window.kind!r}: it has to be allow or deny")
    lasts = timedelta(seconds=duration_s(window.duration))
    return _Window(window, schedule_of(window.schedule), lasts, _zone(window.time_zone))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"sync window with unknown time zone {name!r}") from None


def _wall(now: datetime, zone: ZoneInfo) -> datetime:
    """What clocks show there. Argo CD: windows follow the wall clock, by the zone's offset of this moment."""
    return now.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
