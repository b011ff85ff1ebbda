"""The values of a plan: what a pass found, what it will do, and what it already knows of the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Condition, Desired, Observed
from reconciler.models.operation import SyncOperation
from reconciler.models.result import Action, Difference, ObjectResult, Phase, SyncPhase
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

    identity_problem: str = ""
    """Why there is nobody in whose name objects could be written, where that is to be another one's."""

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
    phase: SyncPhase = "Sync"
    wave: int = 0
    is_hook: bool = False
    way: Way = PLAIN_WAY

    @property
    def may_delete(self) -> bool:
        """Whether something may be gone once it has been done, or begun."""
        return self.action == "prune" or self.way.anew


@dataclass(frozen=True, slots=True)
class Course:
    """What an operation comes to once all steps of a plan are done.

    `ending`: it is over, in this phase and with this message. `is_last`: it has succeeded if all of them have.
    `ends_badly`: it has failed if one of them has. `settles`: what was written counts as done. Else it goes on.
    """

    is_last: bool = False
    ends_badly: bool = False
    settles: bool = False
    ending: tuple[Phase, str] | None = None
    message: str = ""
    is_claimed: bool = False
    """Whether the operation has to stand in the Application, with all that is known of it, before the first call."""


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

    course: Course = Course()
    conditions: tuple[Condition, ...] = ()
    next_due_s: float | None = None
    why: str = ""
    waits: bool = False
    """Whether the operation waits for what is an event of its own, looked for at `next_due_s` at the latest."""

    compares_spec: bool = True
    """Whether the comparison is about what the spec asks for; an operation may have pinned something else."""

    @property
    def must_be_claimed(self) -> bool:
        """Whether the operation is written down before the first call: prunes, hooks and one wave of several are."""
        return bool(self.steps) and (self.course.is_claimed or any(step.may_delete for step in self.steps))


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
