"""What a server's OpenAPI document says of kinds, as far as objects are judged by it. Values; `validate` judges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from reconciler.models.keys import GroupKind

REF = "#/components/schemas/"


class GroupVersionKind(msgspec.Struct, frozen=True, gc=False):
    """Which kind a schema is of."""

    group: str = ""
    version: str = ""
    kind: str = ""


class Schema(msgspec.Struct, frozen=True, rename={"ref": "$ref"}):
    """One schema; descriptions and what only describes are left out."""

    type: str = ""
    ref: str = ""
    properties: Mapping[str, Schema] | None = None
    additional: bool | Schema | None = msgspec.field(default=None, name="additionalProperties")
    items: Schema | None = None
    all_of: tuple[Schema, ...] = msgspec.field(default=(), name="allOf")
    one_of: tuple[Schema, ...] = msgspec.field(default=(), name="oneOf")
    any_of: tuple[Schema, ...] = msgspec.field(default=(), name="anyOf")
    required: tuple[str, ...] = ()
    enum: tuple[Any, ...] | None = None
    default: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    kinds: tuple[GroupVersionKind, ...] = msgspec.field(default=(), name="x-kubernetes-group-version-kind")
    keeps_unknown: bool = msgspec.field(default=False, name="x-kubernetes-preserve-unknown-fields")
    is_embedded: bool = msgspec.field(default=False, name="x-kubernetes-embedded-resource")
    is_int_or_string: bool = msgspec.field(default=False, name="x-kubernetes-int-or-string")


class _Components(msgspec.Struct, frozen=True):
    schemas: Mapping[str, Schema] = {}


class _Document(msgspec.Struct, frozen=True):
    components: _Components = _Components()


class Document:
    """The schemas of one group and version, by name and by kind. Immutable, and shared by all that serve the same."""

    __slots__ = ("__weakref__", "_by_kind", "_by_name")

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._by_name = schemas
        self._by_kind = {
            (GroupKind(item.group, item.kind), item.version): schema
            for schema in schemas.values()
            for item in schema.kinds
        }

    @classmethod
    def parse(cls, body: bytes) -> Document:
        """Raises ValueError for what is no OpenAPI document of version 3."""
        try:
            return cls(msgspec.json.decode(body, type=_Document).components.schemas)
        except msgspec.DecodeError as error:
            raise ValueError(f"no OpenAPI document: {error}") from None

    def of(self, kind: GroupKind, version: str) -> Schema | None:
        """The schema of a kind; None where the document has none."""
        return self._by_kind.get((kind, version))

    def resolved(self, schema: Schema) -> Schema:
        """The schema itself, or the one that it refers to (OpenAPI wraps a reference that has a default in `allOf`)."""
        for _ in range(8):
            if schema.ref:
                schema = self._by_name.get(schema.ref.removeprefix(REF), ANYTHING)
            elif len(schema.all_of) == 1 and schema.properties is None and not schema.type:
                schema = schema.all_of[0]
            else:
                return schema
        return ANYTHING


ANYTHING = Schema(keeps_unknown=True)
