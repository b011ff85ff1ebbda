"""Does the steps of a plan: kinds one after the other, objects of one kind side by side, within a budget of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from reconciler.apply import hooking
from reconciler.apply.writer import Writer
from reconciler.apply.writing import StillThere, write
from reconciler.clusters.parallel import side_by_side
from reconciler.errors import ClusterUnavailable, ObjectConflict, ObjectRejected, ReconcilerError
from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.manifest import LiveObject
from reconciler.models.result import ObjectResult
from reconciler.plan.steps import Step
from reconciler.plan.tracking import CRD

FOREGROUND = "Foreground"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the steps. Each stands in `results` (done or refused) or in `unfinished` (to be decided again).

    `live` are the objects as the server answered our applies. `conflicts` are unfinished because somebody else wrote
    meanwhile, `waiting` because their kind is not ready or what they replace is not gone yet; `transient` is the last
    passing fault, if there was one. `removed` are objects that were deleted to be created anew.
    """

    results: tuple[ObjectResult, ...] = ()
    live: Mapping[ObjectKey, LiveObject] = field(default_factory=dict)
    unfinished: tuple[Step, ...] = ()
    conflicts: Mapping[ObjectKey, str] = field(default_factory=dict)
    waiting: Mapping[ObjectKey, str] = field(default_factory=dict)
    transient: ClusterUnavailable | None = None
    removed: frozenset[ObjectKey] = frozenset()


def run(
    steps: Sequence[Step], writer: Writer, *, budget_s: float, clock: Callable[[], float] = time.monotonic
) -> Outcome:
    """Does steps in their order until `budget_s` is over; what was not begun by then is unfinished.

    An object that is refused stops nobody else. After a passing fault the later kinds wait, since they may need the
    earlier ones. Raises LeaseLost, and then nothing more is written.
    """
    execution = _Execution(writer, clock() + budget_s, clock)
    for group in _by_kind(steps):
        execution.do(group)
    return execution.outcome(steps)


def _by_kind(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Consecutive steps on one kind (Argo CD: same kind in parallel, kinds in sequence)."""
    return (list(group) for _, group in groupby(steps, key=lambda step: (step.key.group_kind, _sort(step))))


def _sort(step: Step) -> str:
    return step.action if step.action in ("prune", "release", "clean") else "write"


@dataclass(frozen=True, slots=True)
class _Done:
    result: ObjectResult
    live: LiveObject | None = None


class _KindNotReady(ReconcilerError):
    """A CustomResourceDefinition defines the kind, and the server does not serve it yet."""


_Ending = _Done | ObjectConflict | ClusterUnavailable | _KindNotReady | StillThere | None


class _Execution:
    def __init__(self, writer: Writer, deadline: float, clock: Callable[[], float]) -> None:
        self._writer = writer
        self._deadline = deadline
        self._clock = clock
        self._endings: dict[ObjectKey, _Ending] = {}
        self._stopped = False
        self._removed: set[ObjectKey] = set()

    def do(self, group: list[Step]) -> None:
        if self._stopped:
            return
        endings = side_by_side(self._attempt, group)
        self._endings.update({step.key: ending for step, ending in zip(group, endings, strict=True)})
        self._stopped = any(isinstance(ending, ClusterUnavailable) for ending in endings)
        if group[0].key.group_kind == CRD and not self._stopped:
            self._look_again()

    def outcome(self, steps: Sequence[Step]) -> Outcome:
        endings = {step.key: self._endings.get(step.key) for step in steps}
        done = {key: ending for key, ending in endings.items() if isinstance(ending, _Done)}
        faults = [ending for ending in endings.values() if isinstance(ending, ClusterUnavailable)]
        return Outcome(
            results=tuple(ending.result for ending in done.values()),
            live={key: ending.live for key, ending in done.items() if ending.live},
            unfinished=tuple(step for step in steps if step.key not in done),
            conflicts={key: str(ending) for key, ending in endings.items() if isinstance(ending, ObjectConflict)},
            waiting={k: str(ending) for k, ending in endings.items() if isinstance(ending, _KindNotReady | StillThere)},
            removed=frozenset(self._removed),
            transient=faults[-1] if faults else None,
        )

    def _attempt(self, step: Step) -> _Ending:
        """How one step ended; None when there was no time left to begin it."""
        if self._clock() >= self._deadline:
            return None
        try:
            return self._do(step)
        except (ObjectConflict, ClusterUnavailable, StillThere) as ending:
            return ending
        except ObjectRejected as error:
            if error.status == 404 and self._is_defined(step.key.group_kind):
                return _KindNotReady(f"waiting for the cluster to serve {step.key.group_kind}")
            return _Done(ObjectResult(step.key, step.action, ok=False, message=str(error)))

    def _do(self, step: Step) -> _Done:
        match step.action:
            case "prune":
                return self._prune(step)
            case "start":
                after = hooking.start(step, self._writer)
                return _Done(ObjectResult(step.key, step.action, ok=True, message=f"{step.key.name} created"), after)
            case "release":
                hooking.release(step, self._writer)
            case "clean":
                hooking.clean(step, self._writer)
            case _:
                return self._apply(step)
        return _Done(ObjectResult(step.key, step.action, ok=True, message=step.reason))

    def _apply(self, step: Step) -> _Done:
        after = write(step, self._writer, self._removed.add)
        message = f"{_printed(step.key)} {_verb(step.live, after)}"
        return _Done(ObjectResult(step.key, step.action, ok=True, message=message, differences=step.differences), after)

    def _prune(self, step: Step) -> _Done:
        if step.live is None:
            raise ValueError(f"prune of {step.key} without the object that was read")
        self._writer.delete(step.live, step.propagation or FOREGROUND)
        return _Done(ObjectResult(step.key, step.action, ok=True, message="pruned"))

    def _is_defined(self, kind: GroupKind) -> bool:
        """Whether a definition for a kind that is not served exists: asked only where an apply failed for its kind."""
        try:
            if self._writer.cluster.served(kind) is not None:
                return False
            definitions = self._writer.cluster.list(CRD)
            return any(_defines(definition) == kind for definition in definitions)
        except ReconcilerError:
            return False

    def _look_again(self) -> None:
        """After definitions were applied, later kinds in this batch may be served that were not."""
        try:
            self._writer.cluster.surface(max_age_s=0.0)
        except (ClusterUnavailable, ObjectRejected):
            self._stopped = True


def _defines(definition: LiveObject) -> GroupKind:
    spec = definition.body.get("spec") or {}
    return GroupKind(spec.get("group", ""), (spec.get("names") or {}).get("kind", ""))


def _printed(key: ObjectKey) -> str:
    """An object as kubectl prints it: `deployment.apps/web`."""
    group = f".{key.group}" if key.group else ""
    return f"{key.kind.lower()}{group}/{key.name}"


def _verb(before: LiveObject | None, after: LiveObject) -> str:
    if before is None:
        return "created"
    return "unchanged" if before.resource_version == after.resource_version else "configured"
