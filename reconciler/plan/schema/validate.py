"""Judges an object by its kind's schema before anything is written: unknown fields, wrong types, what is missing.

Built-in kinds are judged by their fields and types only: what their schemas call required is often defaulted. Of a
custom resource the server enforces this very schema. Values are never repeated: they may be secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from reconciler.models.manifest import JsonObject, Manifest
from reconciler.plan.schema.groups import BUILT_IN_GROUPS
from reconciler.plan.schema.openapi import Document, Schema

MOST_TOLD: Final = 5
ENVELOPE: Final = frozenset({"apiVersion", "kind", "metadata"})
TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}
NAMES: Final = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def problems(manifest: Manifest, document: Document, *, strict: bool = True) -> tuple[str, ...]:
    """What is wrong with an object, a few sentences at most; empty where nothing is, or its kind is not described."""
    schema = document.of(manifest.group_kind, manifest.version)
    if schema is None:
        return ()
    judge = _Judge(document, strict, enforced=manifest.group_kind.group not in BUILT_IN_GROUPS)
    return tuple(islice(judge.judged(manifest.body, schema, ""), MOST_TOLD))


def without_unknown(manifest: Manifest, document: Document) -> Manifest:
    """The object without the fields that its kind does not have, as a server that does not validate would keep it."""
    schema = document.of(manifest.group_kind, manifest.version)
    return manifest if schema is None else Manifest(_known(manifest.body, schema, document))


class _Judge:
    def __init__(self, document: Document, strict: bool, *, enforced: bool) -> None:
        self._document, self._strict, self._enforced = document, strict, enforced

    def judged(self, value: Any, schema: Schema, path: str) -> Iterator[str]:
        schema = self._document.resolved(schema)
        if value is None:
            return
        if not _fits(value, schema):
            yield f"{path}: expected {_expected(schema)}, got {NAMES.get(type(value), 'something else')}"
        elif isinstance(value, dict):
            yield from self._object(value, schema, path)
        elif isinstance(value, list):
            if schema.items is not None:
                for index, item in enumerate(value):
                    yield from self.judged(item, schema.items, f"{path}[{index}]")
        elif self._enforced and schema.enum is not None and value not in schema.enum:
            yield f"{path}: not one of {', '.join(map(str, schema.enum))}"

    def _object(self, value: JsonObject, schema: Schema, path: str) -> Iterator[str]:
        for name, item in value.items():
            below, inner = _child(schema, name), f"{path}.{name}" if path else name
            if isinstance(below, Schema):
                yield from self.judged(item, below, inner)
            elif below is False and self._strict:
                yield f'unknown field "{inner}"'
        if self._enforced:
            yield from self._missing(value, schema, path)

    def _missing(self, value: JsonObject, schema: Schema, path: str) -> Iterator[str]:
        for name in schema.required:
            known = (schema.properties or {}).get(name)
            if value.get(name) is None and (known is None or not known.default):
                yield f"{path}.{name}: required" if path else f"{name}: required"


def _known(value: Any, schema: Schema, document: Document) -> Any:
    schema = document.resolved(schema)
    if isinstance(value, list) and schema.items is not None:
        return [_known(item, schema.items, document) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, item in value.items():
        below = _child(schema, name)
        if below is not False:
            kept[name] = _known(item, below, document) if isinstance(below, Schema) else item
    return kept


def _child(schema: Schema, name: str) -> Schema | bool:
    """The schema of a field; True where it may be anything, False where there is no such field."""
    known = (schema.properties or {}).get(name)
    if known is not None:
        return known
    if schema.additional is not None:
        return schema.additional
    is_open = schema.properties is None or schema.keeps_unknown or (schema.is_embedded and name in ENVELOPE)
    return is_open or _is_composed(schema)


def _is_composed(schema: Schema) -> bool:
    """Whether fields may be described elsewhere: then nothing can be said of one that is not found here."""
    return any(part.properties for part in (*schema.all_of, *schema.one_of, *schema.any_of)) and not schema.properties


def _fits(value: Any, schema: Schema) -> bool:
    if schema.is_int_or_string:
        return isinstance(value, int | str) and not isinstance(value, bool)
    choices = [part for part in (*schema.one_of, *schema.any_of) if part.type]
    if not schema.type and choices:
        return any(_is(value, part.type) for part in choices)
    return not schema.type or _is(value, schema.type)


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES.get(name, (object,)))


def _expected(schema: Schema) -> str:
    if schema.is_int_or_string:
        return "integer or string"
    return schema.type or " or ".join(part.type for part in (*schema.one_of, *schema.any_of) if part.type)
