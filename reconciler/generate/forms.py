"""The two forms of templates, so that generators need not know which one a set uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from reconciler.generate.params import Params
from reconciler.generate.simple import filled

Filler = Callable[[Any, Sequence[Mapping[str, Any]], Sequence[str]], list[Any]]
"""Fills Go templates: a template, the sets of parameters, Go's options → one result for each set."""


class Form(Protocol):
    """How a set's templates are written."""

    @property
    def is_go(self) -> bool:
        """Whether parameters are nested, and templates may compute."""

    def fill(self, template: Any, rows: Sequence[Params]) -> list[Any]:
        """The template once for each set of parameters. Raises SpecError."""


@dataclass(frozen=True, slots=True)
class SimpleForm:
    """`{{name}}`, with flat parameters."""

    is_go: bool = False

    def fill(self, template: Any, rows: Sequence[Params]) -> list[Any]:
        return [filled(template, row) for row in rows]


@dataclass(frozen=True, slots=True)
class GoForm:
    """`{{.path.basename}}`, with nested parameters."""

    filler: Filler
    options: tuple[str, ...] = ()
    is_go: bool = True

    def fill(self, template: Any, rows: Sequence[Params]) -> list[Any]:
        return self.filler(template, rows, self.options) if _templated(template) else [template] * len(rows)


def form_of(go_template: bool, options: Sequence[str], filler: Filler) -> Form:
    """The form that a set asks for."""
    return GoForm(filler, tuple(options)) if go_template else SimpleForm()


def _templated(template: Any) -> bool:
    if isinstance(template, str):
        return "{{" in template
    if isinstance(template, dict):
        return any(_templated(key) or _templated(value) for key, value in template.items())
    return isinstance(template, list) and any(_templated(item) for item in template)


def with_values(values: Mapping[str, str], rows: Sequence[Params], form: Form) -> list[Params]:
    """Each set of parameters with the generator's own `values`, filled with it. Argo CD: appendTemplatedValues.

    Values do not see one another.
    """
    if not values:
        return list(rows)
    made = form.fill(dict(values), rows)
    if form.is_go:
        return [{**row, "values": own} for row, own in zip(rows, made, strict=True)]
    named = ({f"values.{name}": value for name, value in own.items()} for own in made)
    return [{**row, **own} for row, own in zip(rows, named, strict=True)]
