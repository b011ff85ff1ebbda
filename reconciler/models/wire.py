"""How Kubernetes JSON becomes values: one base class for every object and every part of one.

Reading is as tolerant as Argo CD's: unknown fields are kept, absent and null fields take their default. A wrong type is
an error that names the field and never shows its value. Writing gives back exactly what was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, Strict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from reconciler.errors import SpecError
from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject

Flag = Annotated[bool, Strict()]
Number = Annotated[int, Strict()]
JsonPath = tuple[int | str, ...]

_EXPECTED = {
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "missing": "is required",
}


class Part(BaseModel):
    """A JSON object inside another: Argo CD's field names outside, Python names inside, unknown fields kept."""

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    def to_json(self) -> JsonObject:
        """The fields that were given, under Argo CD's names; fields left at their default stay absent."""
        return self.model_dump(mode="json", exclude_unset=True)


class ObjectMeta(Part):
    """The metadata that we read. Timestamps are RFC 3339 text."""

    name: str = ""
    namespace: str = ""
    generate_name: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: Number = 0
    annotations: dict[str, str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    creation_timestamp: str = ""
    deletion_timestamp: str = ""


class WireObject(Part):
    """A whole object as an API server or a file gives it."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = ObjectMeta()

    _raw: JsonObject = PrivateAttr(default_factory=dict)
    _nulls: tuple[JsonPath, ...] = PrivateAttr(default=())

    @classmethod
    def parse(cls, obj: Mapping[str, Any]) -> Self:
        """Reads one object. Raises SpecError naming the first field that has a wrong type or is missing."""
        nulls: tuple[JsonPath, ...] = ()
        try:
            parsed = cls.model_validate(obj, by_alias=True, by_name=False)
        except ValidationError as error:
            parsed, nulls = cls._without_nulls(obj, error)
        # Written directly: `frozen` guards fields, and a private attribute costs a microsecond through the front door.
        private = {"_raw": obj, "_nulls": nulls}
        object.__setattr__(parsed, "__pydantic_private__", private)
        return parsed

    @classmethod
    def _without_nulls(cls, obj: Mapping[str, Any], error: ValidationError) -> tuple[Self, tuple[JsonPath, ...]]:
        """Null means absent: reads again without the nulls that were refused, and remembers where they stood."""
        details = error.errors(include_url=False, include_context=False)
        if wrong := [detail for detail in details if detail["input"] is not None]:
            raise spec_error(describe(obj), wrong) from None
        nulls = tuple(detail["loc"] for detail in details)
        pruned: Any = obj
        for path in sorted(nulls, key=_list_items_last_first):
            pruned = _dropped(pruned, path)
        try:
            return cls.model_validate(pruned, by_alias=True, by_name=False), nulls
        except ValidationError as second:
            raise spec_error(describe(obj), second.errors(include_url=False)) from None

    @property
    def raw(self) -> JsonObject:
        """The object as it was read; not to be changed. Empty for one built in Python."""
        return self._raw

    @property
    def key(self) -> AppKey:
        """Namespace and name on the control cluster."""
        return AppKey(self.metadata.namespace, self.metadata.name)

    @property
    def uid(self) -> str:
        return self.metadata.uid

    @property
    def is_deleting(self) -> bool:
        return bool(self.metadata.deletion_timestamp)

    def to_json(self) -> JsonObject:
        """The object under Argo CD's names, equal to what was read, nulls and unknown fields included."""
        result = super().to_json()
        for path in self._nulls:
            _put_null(result, path)
        return result


def describe(obj: Mapping[str, Any]) -> str:
    """Names an object in a message, whatever shape it has: `Application argocd/guestbook`."""
    metadata = obj.get("metadata")
    known = metadata if isinstance(metadata, Mapping) else {}
    place = "/".join(str(known[field]) for field in ("namespace", "name") if known.get(field))
    return f"{obj.get('kind') or 'object'} {place}".strip()


def spec_error(subject: str, details: Sequence[ErrorDetails]) -> SpecError:
    """Says which field is wrong and what it must be; never what it holds."""
    first = details[0]
    field = _dotted(first["loc"])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return SpecError(f"{subject}: {field} {_EXPECTED.get(first['type'], first['msg'])}{more}")


def _dotted(path: Sequence[int | str]) -> str:
    """`("spec", "sources", 0, "path")` → `spec.sources[0].path`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "object"


def _list_items_last_first(path: JsonPath) -> tuple[int, ...]:
    return tuple(-step for step in path if isinstance(step, int))


def _dropped(node: Any, path: JsonPath) -> Any:
    """A copy of `node` without what lies at `path`; all else is shared."""
    head, rest = path[0], path[1:]
    if isinstance(node, Mapping):
        if rest:
            return {**node, str(head): _dropped(node[str(head)], rest)}
        return {name: value for name, value in node.items() if name != head}
    items = list(node)
    position = int(head)
    items[position : position + 1] = [_dropped(items[position], rest)] if rest else []
    return items


def _put_null(node: Any, path: JsonPath) -> None:
    for step in path[:-1]:
        node = node[step]
    if isinstance(node, list):
        node.insert(int(path[-1]), None)
    else:
        node[path[-1]] = None
