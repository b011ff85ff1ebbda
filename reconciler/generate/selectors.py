"""Label selectors: `matchLabels` and `matchExpressions`, on labels of objects and on parameters alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from reconciler.generate.faults import GeneratorFault
from reconciler.models.manifest import JsonObject

Labels = Mapping[str, str]
Test = Callable[[Labels, str, Sequence[str]], bool]

OPERATORS: Final[Mapping[str, Test]] = {
    "In": lambda labels, key, values: labels.get(key) in values,
    "NotIn": lambda labels, key, values: labels.get(key) not in values,
    "Exists": lambda labels, key, _: key in labels,
    "DoesNotExist": lambda labels, key, _: key not in labels,
}

WITH_VALUES: Final = frozenset({"In", "NotIn"})


def is_empty(selector: JsonObject | None) -> bool:
    """Whether it selects everything."""
    return not (selector and (selector.get("matchLabels") or selector.get("matchExpressions")))


def selects(selector: JsonObject | None, labels: Labels) -> bool:
    """Whether all that the selector demands holds. Raises GeneratorFault for a demand that is none."""
    if not selector:
        return True
    # All demands are read before they count, so that a wrong one is told whatever the labels are.
    held = [_holds(demand, labels) for demand in selector.get("matchExpressions") or []]
    wanted = selector.get("matchLabels") or {}
    return all(held) and all(labels.get(key) == value for key, value in wanted.items())


def _holds(demand: Any, labels: Labels) -> bool:
    demand = demand if isinstance(demand, dict) else {}
    key, operator, values = demand.get("key") or "", demand.get("operator") or "", demand.get("values") or []
    test = OPERATORS.get(operator)
    if test is None or not key:
        raise GeneratorFault(
            f"selector: {operator!r} on {key!r} is no demand; use {', '.join(OPERATORS)} with the key of a label"
        )
    if (operator in WITH_VALUES) != bool(values):
        raise GeneratorFault(f"selector: {operator} on {key!r} needs {'' if operator in WITH_VALUES else 'no '}values")
    return test(labels, key, values)
