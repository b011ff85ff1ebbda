"""JSON patches of our objects, made of the few operations that commands need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject

ANNOTATIONS = "/metadata/annotations"


def annotation_changes(app: Application, values: Mapping[str, str | None]) -> list[JsonObject]:
    """Operations that set annotations of `app` as read, and remove those whose value is None."""
    present = (app.raw.get("metadata") or {}).get("annotations")
    if not isinstance(present, dict):
        wanted = {name: value for name, value in values.items() if value is not None}
        return [test(ANNOTATIONS, None), {"op": "add", "path": ANNOTATIONS, "value": wanted}] if wanted else []
    return [operation for name, value in values.items() for operation in _one(name, value, name in present)]


def test(path: str, value: Any) -> JsonObject:
    """Lets the whole patch fail unless `value` is there; None: unless nothing is there."""
    return {"op": "test", "path": path, "value": value}


def _one(name: str, value: str | None, is_present: bool) -> list[JsonObject]:
    path = f"{ANNOTATIONS}/{escaped(name)}"
    if value is not None:
        return [{"op": "add", "path": path, "value": value}]
    return [{"op": "remove", "path": path}] if is_present else []


def escaped(name: str) -> str:
    """A key as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
