"""From one generator to its sets of parameters: its kind, what its sibling tells it, what its selector leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.generate.asking import from_decisions, from_plugin
from reconciler.generate.clusters import from_clusters
from reconciler.generate.combine import from_matrix, from_merge
from reconciler.generate.context import Context, Generator
from reconciler.generate.elements import from_list
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.git import from_git
from reconciler.generate.hosts import from_pull_requests, from_scm
from reconciler.generate.params import Params, flattened
from reconciler.generate.selectors import selects
from reconciler.models.manifest import JsonObject

GENERATORS: Final[Mapping[str, Generator]] = {
    "list": from_list,
    "clusters": from_clusters,
    "git": from_git,
    "scmProvider": from_scm,
    "pullRequest": from_pull_requests,
    "clusterDecisionResource": from_decisions,
    "plugin": from_plugin,
    "matrix": from_matrix,
    "merge": from_merge,
}

REQUEUE_S: Final[Mapping[str, float]] = {
    "git": 180.0,
    "clusterDecisionResource": 180.0,
    "scmProvider": 1800.0,
    "pullRequest": 1800.0,
    "plugin": 1800.0,
}
"""Argo CD: when a generator is asked again although nothing was heard. Lists and clusters only by events."""


def kinds_of(generator: JsonObject) -> list[str]:
    """The kinds that one entry names, usually one. Raises GeneratorFault for none: it might be a newer one."""
    found = [kind for kind in GENERATORS if generator.get(kind) is not None]
    if not found:
        given = ", ".join(sorted(set(generator) - {"selector"})) or "nothing"
        raise GeneratorFault(f"generators: {given} is no generator; use one of {', '.join(GENERATORS)}")
    return found


def rows_of(generator: JsonObject, context: Context, siblings: Sequence[Params] | None = None) -> list[list[Params]]:
    """The generator's sets of parameters, once, or once for each set of its elder sibling, filled with that one."""
    kinds = kinds_of(generator)
    bare = {key: value for key, value in generator.items() if key in (*kinds, "selector")}
    filled = [bare] if siblings is None else context.form.fill(bare, siblings)
    return [[row for kind in kinds for row in _rows(kind, one, context)] for one in filled]


def _rows(kind: str, generator: JsonObject, context: Context) -> list[Params]:
    spec: Any = generator[kind]
    if not isinstance(spec, dict):
        raise GeneratorFault(f"generators: {kind} must be an object")
    try:
        rows = GENERATORS[kind](spec, context)
    except GeneratorFault as error:
        told = str(error)
        raise GeneratorFault(told if context.depth else f"generator {kind}: {told.removeprefix(f'{kind}: ')}") from None
    selector = generator.get("selector")
    return [row for row in rows if selects(selector, flattened(row))] if selector else rows


def requeue_s(generators: Sequence[JsonObject]) -> float | None:
    """When to ask again without an event: the shortest that any generator wants, None where none does."""
    wanted = [found for generator in generators for found in _requeues(generator)]
    return min(wanted, default=None)


def _requeues(generator: JsonObject) -> list[float]:
    found = []
    for kind in (kind for kind in GENERATORS if isinstance(generator.get(kind), dict)):
        spec = generator[kind]
        usual = REQUEUE_S.get(kind)
        given = spec.get("requeueAfterSeconds")
        if usual is not None:
            found.append(float(given) if isinstance(given, int) and given > 0 else usual)
        found += [wanted for child in spec.get("generators") or () for wanted in _requeues(child)]
    return found
