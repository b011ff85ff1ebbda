"""What every generator is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.generate.facts import Facts
from reconciler.generate.forms import Form
from reconciler.generate.params import Params
from reconciler.models.manifest import JsonObject


@dataclass(frozen=True, slots=True)
class Context:
    """One expansion of one set. `depth` counts the matrices and merges around a generator.

    `child` yields a generator inside another one, once for each set of parameters of its elder sibling.
    """

    facts: Facts
    form: Form
    set_name: str
    child: Callable[[JsonObject, Context, Sequence[Params] | None], list[list[Params]]]
    new_globbing: bool = False
    depth: int = 0


Generator = Callable[[JsonObject, Context], list[Params]]
