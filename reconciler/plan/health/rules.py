"""Rules as data: what conditions or a phase of a status amount to. Most operators publish one or the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health, HealthCode
from reconciler.plan.health.reading import conditions, count, status_of, text

UNSEEN: Final = Health("Progressing", "Waiting for its controller to see the newest spec")


@dataclass(frozen=True, slots=True)
class When:
    """One clause: a condition of this type and status; of `reasons` where some are given, of `but` never."""

    type: str
    status: str
    then: HealthCode
    reasons: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()

    def holds(self, condition: JsonObject) -> bool:
        reason = text(condition, "reason")
        return (
            condition.get("type") == self.type
            and condition.get("status") == self.status
            and (not self.reasons or reason in self.reasons)
            and reason not in self.but
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """The health of one kind, from its status alone. What is tried first stands first.

    `static`: an object without a status is complete, its controller writes none. `paused` are paths of fields that
    suspend it when they are true. `clauses` are tried in order, each against all conditions. `phase` names a field of
    the status whose values `phases` explains; one that it does not name is Progressing.
    """

    source: str
    """Where the operator's authors say what the words mean."""

    waiting: str
    """What is said while there is nothing to judge by."""

    clauses: tuple[When, ...] = ()
    phase: tuple[str, ...] = ()
    phases: Mapping[str, HealthCode] | None = None
    paused: tuple[tuple[str, ...], ...] = ()
    static: bool = False

    def __call__(self, body: JsonObject) -> Health:
        if any(_at(body, path) is True for path in self.paused):
            return Health("Suspended", f"{body.get('kind')} is suspended")
        if self.static and not status_of(body):
            return Health("Healthy")
        if is_behind(body, status_of(body)):
            return UNSEEN
        return self._by_condition(body) or self._by_phase(body) or Health("Progressing", self.waiting)

    def _by_condition(self, body: JsonObject) -> Health | None:
        return first_of(self.clauses, list(conditions(body)), body)

    def _by_phase(self, body: JsonObject) -> Health | None:
        word = _at(status_of(body), self.phase) if self.phase else None
        if word in (None, ""):
            return None
        return Health((self.phases or {}).get(str(word), "Progressing"), text(status_of(body), "message") or str(word))


def first_of(clauses: Sequence[When], found: Sequence[JsonObject], body: JsonObject) -> Health | None:
    """What the first clause that holds says; a condition about an older spec says nothing but that."""
    for clause in clauses:
        for condition in found:
            if clause.holds(condition):
                return UNSEEN if is_behind(body, condition) else Health(clause.then, _words(condition))
    return None


def is_behind(body: JsonObject, seen: JsonObject) -> bool:
    """Whether a status or condition says that it is about an older spec than the newest."""
    if not isinstance(seen.get("observedGeneration"), int):
        return False
    return count(seen, "observedGeneration") < count(body.get("metadata") or {}, "generation")


def _words(condition: JsonObject) -> str:
    return text(condition, "message") or text(condition, "reason")


def _at(fields: JsonObject, path: Sequence[str]) -> Any:
    node: Any = fields
    for step in path:
        node = node.get(step) if isinstance(node, dict) else None
    return node
