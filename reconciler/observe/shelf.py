"""Summaries in Redis as the outbox wants them, under this process' own mark."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping

from reconciler.models.keys import CONTROL, Digest, GroupKind, ObjectKey
from reconciler.models.words import GROUP
from reconciler.observe.outbox import Scope, Stored
from reconciler.observe.seen import Seen
from reconciler.store.summaries import Summaries, Summary

SURROUNDINGS = frozenset({GroupKind(GROUP, "AppProject"), GroupKind("", "Secret"), GroupKind("", "ConfigMap")})
"""What Applications depend on beside themselves."""


class SummaryShelf:
    """Writes each kind under an epoch of its own. `lost` hears of a kind that another observer has taken over."""

    def __init__(self, summaries: Summaries, lost: Callable[[Scope], None]) -> None:
        self._summaries, self._lost = summaries, lost
        self._epoch = secrets.token_hex(8)

    def read(self, scope: Scope) -> Stored:
        found = self._summaries.everything(*scope)
        return None if found is None else {_field(key): _seen(summary) for key, summary in found.items()}

    def replace(self, scope: Scope, rows: Mapping[str, Seen]) -> None:
        everything = {_key(scope, name): _summary(seen) for name, seen in rows.items()}
        self._told(scope, self._summaries.replace(*scope, self._epoch, everything))
        self._tell_workers(scope)

    def change(self, scope: Scope, rows: Mapping[str, Seen | None]) -> None:
        changes = {_key(scope, name): _summary(seen) if seen else None for name, seen in rows.items()}
        self._told(scope, self._summaries.publish(*scope, self._epoch, changes))
        self._tell_workers(scope)

    def freshen(self, scopes: Iterable[Scope]) -> None:
        for scope in scopes:
            self._told(scope, self._summaries.publish(*scope, self._epoch, {}))

    def _tell_workers(self, scope: Scope) -> None:
        """They remember surroundings for a while, and those who are asked to look next must not."""
        if scope.cluster == CONTROL and scope.kind in SURROUNDINGS:
            self._summaries.tell_of_surroundings()

    def _told(self, scope: Scope, ours: bool) -> None:
        if not ours:
            self._lost(scope)


def _key(scope: Scope, name: str) -> ObjectKey:
    namespace, _, own = name.partition("/")
    return ObjectKey(scope.kind.group, scope.kind.kind, namespace, own)


def _field(key: ObjectKey) -> str:
    return f"{key.namespace}/{key.name}"


def _summary(seen: Seen) -> Summary:
    return Summary(
        uid=seen.uid,
        resource_version=seen.version,
        generation=seen.generation,
        digest=seen.digest,
        health=seen.health,
        health_message=seen.message,
        terminating=seen.terminating,
        owner=seen.owner,
    )


def _seen(summary: Summary) -> Seen:
    return Seen(
        uid=summary.uid,
        version=summary.resource_version,
        generation=summary.generation,
        owner=summary.owner,
        digest=Digest(summary.digest),
        health=summary.health,
        message=summary.health_message,
        terminating=summary.terminating,
    )
