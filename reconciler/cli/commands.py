"""How a command is written: a function of a few values, declared with examples and loaded only when it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from importlib import import_module
from typing import Any, ClassVar, Final, cast, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

Member = TyperCommand | TyperGroup
HELP: Final = {"help_option_names": ["-h", "--help"]}
Declare = Callable[[Callable[..., None]], typer.Typer]


def command(*examples: str) -> Declare:
    """Makes a function a command. Its docstring is the help, `examples` stand below it.

    A parameter that is a dataclass gives its fields as options, so that a function has few parameters however many
    flags its command has.
    """

    def declare(function: Callable[..., None]) -> typer.Typer:
        app = typer.Typer(add_completion=False, rich_markup_mode="rich", context_settings=HELP)
        app.command(epilog=_epilog(examples), no_args_is_help=False)(_flattened(function))
        return app

    return declare


def group(about: str, table: Mapping[str, str]) -> typer.Typer:
    """A group of commands, each named by `module:attribute` and imported when it is asked for: start-up counts."""
    cls = type("Commands", (_Commands,), {"table": table})
    app = typer.Typer(
        cls=cls, add_completion=False, rich_markup_mode="rich", no_args_is_help=True, context_settings=HELP
    )
    app.callback(help=about)(_nothing)
    return app


class _Commands(TyperGroup):
    """A group whose members are imported one by one."""

    table: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the signature is the library's
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Member | None:  # noqa: ARG002
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name].partition(":")
        found: Any = typer.main.get_command(getattr(import_module(module), attribute))
        found.name = cmd_name
        return cast("Member", found)


def _nothing() -> None:
    """A group by itself does nothing."""


def _epilog(examples: Sequence[str]) -> str:
    return "\n\n".join(("[bold]Examples[/bold]", *(f"  $ {example}".replace("[", "\\[") for example in examples)))


def _flattened(function: Callable[..., None]) -> Callable[..., None]:
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    groups = {name: hints[name] for name in signature.parameters if is_dataclass(hints[name])}

    @wraps(function)
    def called(**given: Any) -> None:
        values = {name: _built(kind, given) for name, kind in groups.items()}
        function(**given, **values)

    parameters = [flat for name in signature.parameters for flat in _parameters(name, hints[name], signature)]
    # Required ones first, as Python wants it; the order of options does not matter, that of arguments is kept.
    parameters.sort(key=lambda parameter: parameter.default is not inspect.Parameter.empty)
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def _built(kind: Any, given: dict[str, Any]) -> Any:
    return kind(**{field.name: given.pop(field.name) for field in fields(kind)})


def _parameters(name: str, hint: Any, signature: inspect.Signature) -> list[inspect.Parameter]:
    if not is_dataclass(hint):
        return [_parameter(name, hint, signature.parameters[name].default)]
    own = get_type_hints(hint, include_extras=True)
    return [_parameter(field.name, own[field.name], _default(field)) for field in fields(hint)]


def _default(field: Field[Any]) -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default


def _parameter(name: str, hint: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
