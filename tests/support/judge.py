"""Judges what was done to clusters, from their audit logs and Git alone: our own status is no witness.

Every application of a judged fleet has one namespace of its name, and every object says which commit it is from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tests.support.audit import AuditEvent
from tests.support.history import RESOURCES, Commit, ObjectId, generation

PASS = "reconciler/"
"""How passes sign their writes: `reconciler/<worker> pass/<token>`."""

Deleted = Mapping[str, datetime]
"""When each Application that was deleted was deleted, by name."""


def complaints(events: Sequence[AuditEvent], history: Sequence[Commit], deleted: Deleted | None = None) -> list[str]:
    """Everything that should not have happened, in words; `events` are all those of one user, oldest first."""
    done = [event for event in events if event.mutating and event.succeeded and event.resource in RESOURCES.values()]
    by_object: dict[ObjectId, list[AuditEvent]] = defaultdict(list)
    for event in done:
        by_object[event.target].append(event)
    told = [words for target, own in by_object.items() for words in _object(target, own, history, deleted or {})]
    return [*told, *_untied(done), *overlaps(events)]


def overlaps(events: Sequence[AuditEvent]) -> Iterator[str]:
    """Passes that wrote to one application at the same time.

    What was refused changed nothing: a precondition is what stops a call that was under way while its process slept.
    """
    windows = sorted(_windows(events), key=lambda window: (window.app, window.start))
    for one, other in pairwise(windows):
        if one.app == other.app and other.start < one.end:
            yield f"{one.app}: {one.agent} and {other.agent} wrote at the same time, {other.start.time()}"


def left_behind(live: Iterable[ObjectId], gone: Iterable[str]) -> list[str]:
    """Objects that outlived their Application, although its finalizer promised to take them along."""
    apps = set(gone)
    return [f"{_name(target)} was left behind by its Application" for target in live if target[2] in apps]


def _object(
    target: ObjectId, events: Sequence[AuditEvent], history: Sequence[Commit], deleted: Deleted
) -> Iterator[str]:
    """The states that an object was brought to have to be states of Git, in the order of Git."""
    place = 0
    for event in events:
        found = _place(event, target, history, place)
        if found is not None:
            place = found
        elif event.verb != "delete":
            yield _went_back(event, target, history)
        elif not _is_cascade(event, deleted):
            yield f"{event.time.time()} {_name(target)} was deleted, and no commit removed it"


def _place(event: AuditEvent, target: ObjectId, history: Sequence[Commit], first: int) -> int | None:
    """The earliest commit from `first` on, no younger than the event, that wants what the event brought about."""
    for number in range(first, len(history)):
        commit = history[number]
        if commit.time > event.time:
            return None
        if event.verb == "delete":
            if target not in commit.objects and any(target in older.objects for older in history[:number]):
                return number
        elif target in commit.objects and commit.objects[target] == generation(event.request):
            return number
    return None


def _is_cascade(event: AuditEvent, deleted: Deleted) -> bool:
    return event.namespace in deleted and deleted[event.namespace] <= event.time


def _went_back(event: AuditEvent, target: ObjectId, history: Sequence[Commit]) -> str:
    written = generation(event.request)
    known = any(commit.objects.get(target) == written for commit in history)
    what = f"went back to generation {written}" if known else f"was written as {written}, which Git never held"
    return f"{event.time.time()} {_name(target)} {what} by {event.agent}"


def _untied(events: Sequence[AuditEvent]) -> Iterator[str]:
    """Deletions that would have hit whatever bears the name by then."""
    for event in events:
        if event.verb == "delete" and not (
            event.field("preconditions", "uid") and event.field("preconditions", "resourceVersion")
        ):
            yield f"{event.time.time()} {_name(event.target)} was deleted without preconditions"


@dataclass(frozen=True, slots=True)
class _Window:
    app: str
    agent: str
    start: datetime
    end: datetime


def _windows(events: Sequence[AuditEvent]) -> Iterator[_Window]:
    writes: dict[tuple[str, str], list[AuditEvent]] = defaultdict(list)
    for event in events:
        if event.mutating and event.succeeded and event.agent.startswith(PASS) and event.namespace:
            writes[event.namespace, event.agent].append(event)
    for (app, agent), own in writes.items():
        yield _Window(app, agent, min(event.received for event in own), max(event.time for event in own))


def _name(target: ObjectId) -> str:
    return "/".join(target[1:])
