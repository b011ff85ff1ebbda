"""The values of a plan: what a pass found, what it will do, and what it already knows of the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Condition, Desired, Observed
from reconciler.models.operation import SyncOperation
from reconciler.models.result import Action, Difference, ObjectResult
from reconciler.models.source import Destination
from reconciler.plan.autosync import Decision
from reconciler.plan.compare import Comparison
from reconciler.plan.lens import PLAIN, Lens
from reconciler.plan.operation import Move
from reconciler.plan.permissions import ProjectRules
from reconciler.plan.proof import Propagation
from reconciler.plan.way import PLAIN as PLAIN_WAY
from reconciler.plan.way import Way


@dataclass(frozen=True, slots=True)
class Policy:
    """What this pass may do, in whose name and by whose rules."""

    may_write: bool
    manager: str
    control_namespace: str
    instance: str
    project: ProjectRules
    destination: Destination
    """Server and name, both resolved; namespace as in the spec."""

    may_record: bool = False
    reasons: tuple[str, ...] = ()
    """Why nothing may be written; shown as conditions where the status may be written."""

    conditions: tuple[Condition, ...] = ()
    """What reading brought up: a source that does not render, a cluster that does not answer."""

    is_outage: bool = False
    """Whether that goes by without anybody's doing."""

    lens: Lens = PLAIN
    """How live objects are looked at here: what the settings say of kinds."""


@dataclass(frozen=True, slots=True)
class Step:
    """One write: `create`, `apply` and `replace` carry a manifest, `prune` the live object with its preconditions."""

    action: Action
    key: ObjectKey
    manifest: Manifest | None = None
    live: LiveObject | None = None
    migrate: list[JsonObject] | None = None
    """managedFields to write first, so that server-side apply owns what client-side apply left."""

    differences: tuple[Difference, ...] = ()
    reason: str = ""
    propagation: Propagation | None = None
    way: Way = PLAIN_WAY

    @property
    def may_delete(self) -> bool:
        """Whether something may be gone once it has been done, or begun."""
        return self.action == "prune" or self.way.anew


@dataclass(frozen=True, slots=True)
class Plan:
    """One pass, decided. Without steps it is a verdict only."""

    comparison: Comparison
    decision: Move | Decision
    policy: Policy
    desired: Desired | None
    steps: tuple[Step, ...] = ()
    known: tuple[ObjectResult, ...] = ()
    """Results that need no call: objects that are equal, kept, refused, or only tried."""

    operation_state: JsonObject | None = None
    """State of the operation that this pass works on or ends; None when there is none."""

    conditions: tuple[Condition, ...] = ()
    next_due_s: float | None = None
    why: str = ""
    waits: bool = False
    """Whether the operation waits for a person's approval; the approval is an event of its own."""

    compares_spec: bool = True
    """Whether the comparison is about what the spec asks for; an operation may have pinned something else."""

    @property
    def must_be_claimed(self) -> bool:
        """Whether the operation has to stand in the Application before the first write (design: deletions do)."""
        return any(step.may_delete for step in self.steps)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a plan is made of; passed around while it is made."""

    app: Application
    desired: Desired | None
    observed: Observed
    policy: Policy
    comparison: Comparison
    now: datetime


@dataclass(frozen=True, slots=True)
class Work:
    """An operation under way: its state so far and what it asks for."""

    state: JsonObject
    sync: SyncOperation

    @classmethod
    def of(cls, state: JsonObject) -> Work:
        """The work of a state whose operation has a sync."""
        return cls(state, SyncOperation.model_validate(state["operation"]["sync"]))
