"""YAML and JSON files that people hand in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from reconciler.cli.problems import Problem
from reconciler.models.manifest import JsonObject

STDIN = Path("-")


def read_objects(path: Path) -> list[JsonObject]:
    """Every object in a file, or on standard input for `-`; `List`s are taken apart. Raises Problem."""
    try:
        text = sys.stdin.read() if path == STDIN else path.read_text()
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Problem(f"{path} is no YAML: {_first_line(error)}") from error
    bodies = [body for document in documents for body in _items(document)]
    if not all(isinstance(body, dict) for body in bodies):
        raise Problem(f"{path} holds something that is no object")
    return bodies


def _items(document: Any) -> list[Any]:
    if isinstance(document, dict) and document.get("kind") == "List":
        return document.get("items") or []
    return [document]


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    return where + (getattr(error, "problem", None) or str(error).splitlines()[0])
