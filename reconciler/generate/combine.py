"""Generators `matrix` and `merge`: other generators put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from reconciler.generate.context import Context
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.params import Params, go_text
from reconciler.generate.reading import items
from reconciler.models.manifest import JsonObject

MAX_DEPTH = 2
"""A matrix or merge may stand in another one, and no deeper."""


def from_matrix(spec: JsonObject, context: Context) -> list[Params]:
    """Each set of the first child with each of the second, which sees the first's. Raises GeneratorFault.

    Argo CD: of a parameter in both, the first child's counts with goTemplate; without, different ones are an error.
    """
    inside = _inside(context)
    children = items(spec, "generators")
    if len(children) != 2:  # "exactly two" is what a matrix is
        raise GeneratorFault(f"matrix: found {len(children)} generators, exactly two are wanted")
    (firsts,) = context.child(children[0], inside, None)
    seconds = context.child(children[1], inside, firsts)
    join = over if context.form.is_go else _joined
    pairs = ((first, second) for first, many in zip(firsts, seconds, strict=True) for second in many)
    return [join(second, first) for first, second in pairs]


def from_merge(spec: JsonObject, context: Context) -> list[Params]:
    """The first child's sets, each overridden by those of the others that have the same merge keys."""
    inside = _inside(context)
    children, keys = items(spec, "generators"), [str(key) for key in spec.get("mergeKeys") or ()]
    if len(children) < 2:
        raise GeneratorFault(f"merge: found {len(children)} generators, two or more are wanted")
    if not keys:
        raise GeneratorFault("merge: mergeKeys names no parameter, and at least one is wanted")
    base, *others = (_by_keys(keys, context.child(child, inside, None)[0]) for child in children)
    for other in others:
        for values, params in other.items():
            if values in base:
                base[values] = over(base[values], params) if context.form.is_go else {**base[values], **params}
    return list(base.values())


def _inside(context: Context) -> Context:
    if context.depth >= MAX_DEPTH:
        raise GeneratorFault("a matrix or merge may hold another one, which may hold none")
    return replace(context, depth=context.depth + 1)


def _by_keys(keys: Sequence[str], rows: Sequence[Params]) -> dict[bytes, Params]:
    found: dict[bytes, Params] = {}
    for row in rows:
        # Argo CD: keys are names of top-level parameters, never dotted paths.
        values = orjson.dumps({key: row.get(key) for key in keys}, option=orjson.OPT_SORT_KEYS)
        if values in found:
            raise GeneratorFault(
                "merge: the parameters from a generator were not unique by the given mergeKeys; "
                f"duplicate key was {values.decode()}"
            )
        found[values] = row
    return found


def over(below: Params, above: Params) -> Params:
    """`above` laid over `below`, maps into maps; what is empty above hides nothing. Argo CD: mergo.WithOverride."""
    result: dict[str, Any] = dict(below)
    for name, value in above.items():
        under = result.get(name)
        if isinstance(value, dict) and isinstance(under, dict):
            result[name] = over(under, value)
        elif name not in result or not _is_empty(value):
            result[name] = value
    return result


def _is_empty(value: Any) -> bool:
    return value in (None, "", 0, False, [], {})


def _joined(second: Params, first: Params) -> Params:
    for name in first.keys() & second.keys():
        one, two = go_text(first[name]), go_text(second[name])
        if one != two:
            raise GeneratorFault(f"matrix: found duplicate key {name} with different value, a: {one} ,b: {two}")
    return {**first, **second}
