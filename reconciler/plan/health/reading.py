"""Reads the parts of an object that all checks look at, whatever is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.models.manifest import JsonObject


def spec_of(body: JsonObject) -> JsonObject:
    return body.get("spec") or {}


def status_of(body: JsonObject) -> JsonObject:
    return body.get("status") or {}


def count(fields: JsonObject, name: str) -> int:
    """A number of the object; an absent one is zero, as in the Go types."""
    return int(fields.get(name) or 0)


def is_unobserved(body: JsonObject) -> bool:
    """Whether the controller has not yet seen the newest spec."""
    return count(body.get("metadata") or {}, "generation") > count(status_of(body), "observedGeneration")


def conditions(body: JsonObject) -> Iterator[JsonObject]:
    """Conditions of the status, in their order."""
    yield from (entry for entry in status_of(body).get("conditions") or () if isinstance(entry, dict))


def text(fields: JsonObject, name: str) -> str:
    """A text of the object; an absent one is empty."""
    value: Any = fields.get(name)
    return value if isinstance(value, str) else ""
