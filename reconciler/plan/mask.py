"""The one place where secret values disappear, before anything is shown, logged or sent (Argo CD: Secret masking).

Equal values stay equal and different ones different, within the objects masked together: the length of the mark tells,
the value cannot be guessed from it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from reconciler.models.manifest import JsonObject
from reconciler.models.words import LAST_APPLIED

FIRST_MARK: Final = "++++++++"

_NAMING: Final = frozenset({("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")})
"""What names an object, and so is shown of one that is hidden as a whole."""

Marks = dict[tuple[str, ...], dict[str, str]]


def is_secret(body: JsonObject) -> bool:
    """Whether the object is a core Secret, whose content is never shown."""
    return body.get("kind") == "Secret" and body.get("apiVersion") == "v1"


def masked(body: JsonObject, *, annotations: Collection[str] = ()) -> JsonObject:
    """One object, fit to be shown. `annotations` are further keys to hide (`resource.sensitive.mask.annotations`)."""
    return masked_together(body, annotations=annotations)[0]


def masked_together(
    *bodies: JsonObject, annotations: Collection[str] = (), sealed: bool = False
) -> tuple[JsonObject, ...]:
    """Several states of one object, fit to be shown side by side: a mark that differs tells that the value differs.

    `sealed`: the object came out of an encrypted file, so every value of it is hidden, whatever its kind.
    """
    marks: Marks = {}
    if sealed:
        return tuple(_hidden((), body, marks) for body in bodies)
    return tuple(_one(body, annotations, marks) for body in bodies)


def _hidden(place: tuple[str, ...], value: Any, marks: Marks) -> Any:
    if place in _NAMING:
        return value
    if isinstance(value, Mapping):
        return {name: _hidden((*place, name), inner, marks) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(place, inner, marks) for inner in value]
    return _mark(marks, place, value)


def _one(body: JsonObject, annotations: Collection[str], marks: Marks) -> JsonObject:
    secret = is_secret(body)
    hidden = {*annotations, LAST_APPLIED} if secret else set(annotations)
    result = dict(body)
    if secret:
        for field in ("data", "stringData"):
            if isinstance(body.get(field), Mapping):
                result[field] = {name: _mark(marks, (field, name), value) for name, value in body[field].items()}
    metadata = body.get("metadata") or {}
    shown = metadata.get("annotations") or {}
    if not hidden.isdisjoint(shown):
        masked_annotations = {
            name: _mark(marks, ("annotations", name), value) if name in hidden else value
            for name, value in shown.items()
        }
        result["metadata"] = {**metadata, "annotations": masked_annotations}
    return result


def _mark(marks: Marks, place: tuple[str, ...], value: Any) -> str:
    seen = marks.setdefault(place, {})
    return seen.setdefault(str(value), FIRST_MARK + "+" * len(seen))
