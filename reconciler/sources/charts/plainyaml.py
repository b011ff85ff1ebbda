"""YAML of strangers as lists, maps and texts: no types, no tags, no aliases, and only so much of it.

A version such as `1.10` stays as it is written, and a document cannot grow while it is read.
"""

from __future__ import annotations

from typing import TypeAlias

import yaml

from reconciler.errors import SourceError

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"

MAX_NODES = 6_000_000
"""An index of 20 MB has about two million."""

MAX_DEPTH = 64


class _TooMuch(Exception):
    """What makes a document unfit, in words."""


def read_plain(text: bytes | str, what: str, *, max_nodes: int = MAX_NODES) -> Plain:
    """The first document; an empty one is an empty text. `what` names it in errors. Raises SourceError."""
    try:
        return _read(text, max_nodes)
    except _TooMuch as error:
        raise SourceError(f"{what} {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise SourceError(
            f"{what} is no YAML{where}: {getattr(error, 'problem', None) or 'it cannot be read'}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{what} is no YAML: {type(error).__name__}") from None


def mapping(value: Plain | None) -> dict[str, Plain]:
    """A map, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: Plain | None) -> list[Plain]:
    """A list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def text_of(value: Plain | None) -> str:
    """A text, or an empty one for anything else."""
    return value if isinstance(value, str) else ""


def _read(text: bytes | str, max_nodes: int) -> Plain:
    builder = _Builder()
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if count > max_nodes:
            raise _TooMuch(f"has more than {max_nodes} parts")
        if isinstance(event, yaml.DocumentEndEvent):
            break
        builder.take(event)
    return builder.root


class _Builder:
    """Puts events together. A key that is no text is an error, as it is in JSON."""

    def __init__(self) -> None:
        self.root: Plain = ""
        self._open: list[list[Plain] | dict[str, Plain]] = []
        self._key: str | None = None

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._put(event.value)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin({})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin([])
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._key = None
        elif isinstance(event, yaml.AliasEvent):
            raise _TooMuch("has an alias, which is not accepted here")

    def _begin(self, value: list[Plain] | dict[str, Plain]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _TooMuch(f"is nested more than {MAX_DEPTH} deep")
        self._put(value)
        self._open.append(value)

    def _put(self, value: Plain) -> None:
        parent = self._open[-1] if self._open else None
        if parent is None:
            self.root = value
        elif isinstance(parent, list):
            parent.append(value)
        elif self._key is not None:
            parent[self._key], self._key = value, None
        elif isinstance(value, str):
            self._key = value
        else:
            raise _TooMuch("has a key that is no text")
