"""Fields of generators, which are free objects: read one by one, with an error that names the field."""

from __future__ import annotations

from typing import Any

from reconciler.generate.faults import GeneratorFault
from reconciler.models.manifest import JsonObject


def texts(spec: JsonObject, name: str) -> dict[str, str]:
    """An object of texts, such as `values`. Raises GeneratorFault."""
    value = spec.get(name) or {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise GeneratorFault(f"{name} must be an object of texts")
    return value


def text(spec: JsonObject, name: str) -> str:
    """A text, empty where it is absent. Raises GeneratorFault."""
    value = spec.get(name) or ""
    if not isinstance(value, str):
        raise GeneratorFault(f"{name} must be a text")
    return value


def items(spec: JsonObject, name: str) -> list[JsonObject]:
    """A list of objects. Raises GeneratorFault."""
    value = spec.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise GeneratorFault(f"{name} must be a list of objects")
    return value


def required(spec: JsonObject, name: str) -> Any:
    """A field that must be there. Raises GeneratorFault."""
    value = spec.get(name)
    if not value:
        raise GeneratorFault(f"{name} is required")
    return value
