"""One row of the table: a field, annotation, option or setting of Argo CD, and what this version does with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal[
    "Application",
    "Application annotation",
    "Application finalizer",
    "Application sync option",
    "object annotation",
    "object sync option",
    "compare option",
    "AppProject",
    "cluster Secret",
    "repository Secret",
    "argocd-cm",
    "argocd-cmd-params-cm",
    "other",
]
State = Literal["honoured", "not honoured", "without effect"]


@dataclass(frozen=True, slots=True)
class Row:
    """`name` is Argo CD's; a trailing `*` stands for every ending, and a field stands for all below it.

    A row is honoured only by naming the test that fails when the field is ignored. `idle` says why ignoring a field
    that is not honoured cannot change what is written; a row without either keeps its Application from being written.
    """

    name: str
    place: Place
    test: str = ""
    """A pytest node id, `tests/….py::test_…`."""

    idle: str = ""
    note: str = ""

    @property
    def state(self) -> State:
        if self.test:
            return "honoured"
        return "without effect" if self.idle else "not honoured"

    @property
    def blocks(self) -> bool:
        """Whether an Application that uses it is compared at most."""
        return self.state == "not honoured"


def honoured(place: Place, test: str, *names: str, note: str = "") -> tuple[Row, ...]:
    """Rows that one test covers."""
    return tuple(Row(name, place, test=test, note=note) for name in names)


def ignored(place: Place, *names: str, note: str = "") -> tuple[Row, ...]:
    """Rows that keep an Application from being written."""
    return tuple(Row(name, place, note=note) for name in names)


def idle(place: Place, why: str, *names: str) -> tuple[Row, ...]:
    """Rows that change nothing that is written."""
    return tuple(Row(name, place, idle=why) for name in names)
