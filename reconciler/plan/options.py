"""Sync options as Argo CD writes them: `Name=value` words, on an operation and, by annotation, on an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.models import words
from reconciler.models.manifest import Manifest


def options_of(texts: Iterable[str]) -> dict[str, str]:
    """`["Prune=false", …]` → `{"Prune": "false", …}`; the last word of a name wins."""
    pairs = (text.strip().partition("=") for text in texts)
    return {name: value for name, equals, value in pairs if equals}


def object_options(manifest: Manifest) -> dict[str, str]:
    """The options of one object's annotation, comma-separated and trimmed."""
    return options_of(manifest.annotations.get(words.SYNC_OPTIONS, "").split(","))


def option(name: str, manifest: Manifest, of_operation: Mapping[str, str]) -> str | None:
    """Argo CD: what the object says overrides what the application says."""
    return object_options(manifest).get(name, of_operation.get(name))
