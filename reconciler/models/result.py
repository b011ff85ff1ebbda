"""What one pass came to: the value that status, logs, events, metrics and people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.models.keys import AppKey, ObjectKey, Revision
from reconciler.models.observed import Condition, HealthCode, SyncCode

Phase = Literal["Running", "Terminating", "Failed", "Error", "Succeeded"]
Action = Literal["create", "apply", "replace", "recreate", "prune", "keep", "start", "release", "clean"]
"""`start` creates a hook, `release` takes its finalizer off once its result is recorded, `clean` deletes it."""

SyncPhase = Literal["PreSync", "Sync", "PostSync", "SyncFail"]
Verdict = Literal["compared", "acted", "gone", "parked", "skipped"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs. `live` and `desired` are printable and masked; None means absent."""

    path: str
    live: str | None
    desired: str | None
    manager: str | None = None
    """Field manager that wrote the live value last, where managedFields tell."""

    changed_at: str | None = None
    """RFC 3339 time of that write."""


@dataclass(frozen=True, slots=True)
class ObjectResult:
    """What a pass did with one object."""

    key: ObjectKey
    action: Action
    ok: bool
    message: str
    differences: tuple[Difference, ...] = ()
    """What an update mended; empty for creations and deletions."""


@dataclass(frozen=True, slots=True)
class EndedOperation:
    """An operation that came to its end in this pass. `took_s` counts from its start, across all its passes."""

    project: str
    phase: Phase
    dry_run: bool
    took_s: float


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """One pass over one application. `next_due_s` counts from the end of the pass; None keeps the full check."""

    app: AppKey
    uid: str
    verdict: Verdict
    sync: SyncCode = "Unknown"
    health: HealthCode = "Unknown"
    phase: Phase | None = None
    """Phase of the operation after this pass, if there is or was one."""

    revisions: tuple[Revision, ...] = ()
    objects: tuple[ObjectResult, ...] = ()
    conditions: tuple[Condition, ...] = ()
    next_due_s: float | None = None
    why: str = ""
    """Why it comes back then, or why nothing was done, in plain words."""

    destination: str = ""
    """Address of the destination cluster; empty where it could not be resolved."""

    renders: int = 0
    """How often a source was rendered instead of found in the cache."""

    ended: EndedOperation | None = None
    """Set in the one pass that wrote down the end of an operation, so that each operation is counted once."""
