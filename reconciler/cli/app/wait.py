"""`app wait`: returns when Applications are where they should be, for scripts that go on afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from reconciler.cli.app.follow import Goal, Reached, follow
from reconciler.cli.app.naming import AppNames
from reconciler.cli.app.refresh import ask_for_refresh
from reconciler.cli.app.words import short
from reconciler.cli.commands import command
from reconciler.cli.control import connect
from reconciler.cli.where import Where
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import AppKey
from reconciler.models.operation import OperationState

SHORTEST_SHA = 7
GRACE_S = 10.0
"""A comparison that fails for longer than this will not succeed by waiting."""


@dataclass(frozen=True, slots=True)
class Aims:
    """What to wait for; none of the three means all of them."""

    revision: Annotated[
        str, typer.Option(help="This commit (7 digits or more) is the one compared, or a newer one replaced it.")
    ] = ""
    sync: Annotated[bool, typer.Option("--sync", help="Wait until it is Synced.")] = False
    health: Annotated[bool, typer.Option("--health", help="Wait until it is Healthy.")] = False
    operation: Annotated[bool, typer.Option("--operation", help="Wait until no operation runs.")] = False
    timeout: Annotated[float, typer.Option(help="Seconds until giving up with exit code 2.")] = 300.0

    @property
    def wants_all(self) -> bool:
        return not (self.sync or self.health or self.operation)


@command(
    "reconciler app wait orders-east --sync --health",
    "reconciler app wait orders-east --revision $(git rev-parse HEAD) --sync --health --timeout 120",
)
def wait(names: AppNames, where: Where, aims: Aims) -> None:
    """Wait until Applications are where they should be: exit code 0, 1 when one failed, 2 when the time is over."""
    with connect(where) as control:
        apps = [control.application(name) for name in names]
        for app in apps:
            if aims.revision and not has_reached(app, aims.revision):
                # A commit that touches nothing the application reads moves its revision only when it is asked to look.
                ask_for_refresh(control, app)
        goal = Goal(described(aims), Judge(aims))
        follow(control, apps, goal, timeout_s=aims.timeout)


def described(aims: Aims) -> str:
    """What is waited for, in words."""
    wanted = {"synced": aims.sync, "healthy": aims.health, "done with its operation": aims.operation}
    chosen = [name for name, is_on in wanted.items() if is_on or aims.wants_all]
    return " and ".join(chosen) + (f" at {short(aims.revision)}" if aims.revision else "")


class Judge:
    """Judges one reading after the other. A comparison that keeps failing is a failure, one that fails once is not:
    a server may have been away for a moment, and an old error may be what the awaited commit mends."""

    def __init__(self, aims: Aims, clock: Callable[[], float] = time.monotonic) -> None:
        self._aims = aims
        self._clock = clock
        self._failing_since: dict[AppKey, float] = {}

    def __call__(self, app: Application) -> Reached | None:
        why = comparison_failure(app)
        if not why:
            self._failing_since.pop(app.key, None)
            return judged(app, self._aims)
        since_s = self._failing_since.setdefault(app.key, self._clock())
        if self._clock() - since_s >= GRACE_S:
            return Reached(ok=False, why=why)
        return judged(app, self._aims)


def comparison_failure(app: Application) -> str:
    """Why the newest comparison failed; empty when it did not, or when another one is asked for."""
    if words.REFRESH in app.metadata.annotations:
        return ""
    return next((item.message for item in app.status.conditions if item.type == words.COMPARISON_ERROR), "")


def judged(app: Application, aims: Aims) -> Reached | None:
    """Whether waiting is over. Failed: the operation at the awaited revision failed, or the spec is not valid."""
    why = _failure(app, aims.revision)
    if why:
        return Reached(ok=False, why=why)
    if aims.revision and not has_reached(app, aims.revision):
        return None
    return None if any(_missing(app, aims)) else Reached(ok=True, why="")


def has_reached(app: Application, revision: str) -> bool:
    """Whether this commit was compared: it is the current one, or a newer one came after it was deployed."""
    compared = app.status.sync.revisions or (app.status.sync.revision,)
    deployed = [found for entry in app.status.history for found in (*entry.revisions, entry.revision)]
    return any(_names(revision, found) for found in (*compared, *deployed))


def _missing(app: Application, aims: Aims) -> Iterator[bool]:
    status = app.status
    if aims.sync or aims.wants_all:
        yield status.sync.status != "Synced"
    if aims.health or aims.wants_all:
        yield status.health.status != "Healthy"
    if aims.operation or aims.wants_all:
        yield app.operation is not None


def _failure(app: Application, revision: str) -> str:
    state = app.status.operation_state
    for condition in app.status.conditions:
        if condition.type == words.INVALID_SPEC_ERROR:
            return condition.message
    if app.operation is not None or state is None or state.phase not in (words.FAILED, words.ERROR):
        return ""
    if app.status.sync.status == "Synced" or not _is_of(state, revision or app.status.sync.revision):
        return ""
    return f"operation {state.phase}: {state.message}"


def _is_of(state: OperationState, revision: str) -> bool:
    result = state.sync_result
    tried = (result.revisions or (result.revision,)) if result else ()
    return not revision or any(_names(revision, found) for found in tried)


def _names(asked: str, found: str) -> bool:
    if len(asked) < SHORTEST_SHA:
        return asked == found
    return bool(found) and found.startswith(asked.lower())
