"""Parameters: what a generator yields for one Application, and how Go spells their values as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

Params = dict[str, Any]

EXPONENTS_PLAIN = range(-4, 6)
"""Decimal exponents that Go's `%v` writes without an exponent."""


def flattened(params: Mapping[str, Any]) -> dict[str, str]:
    """All leaves as text under dotted names, as in `a.b` and `list.0`. Argo CD: flatten.DotStyle and `%v`."""
    return {name: go_text(value) for name, value in _leaves("", params)}


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        pairs: Iterator[tuple[Any, Any]] = iter(value.items())
    elif isinstance(value, list | tuple):
        pairs = iter(enumerate(value))
    else:
        yield prefix, value
        return
    for name, item in pairs:
        yield from _leaves(f"{prefix}.{name}" if prefix else str(name), item)


def go_text(value: Any) -> str:
    """A value as Go prints it: JSON numbers are floats there, so a million is `1e+06`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number(float(value))


def _number(value: float) -> str:
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = 0 if text == "0" else len(digits) + int(exponent) - 1
    if power in EXPONENTS_PLAIN:
        plain = f"{Decimal(repr(value)):f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    mantissa = text[0] + (f".{text[1:]}" if text[1:] else "")
    return f"{'-' * sign}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
