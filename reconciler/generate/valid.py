"""What keeps a generated Application from being written, though the generators are sound; the others go on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from reconciler.errors import SpecError
from reconciler.generate.naming import LONGEST_NAME
from reconciler.models.application import Application, ApplicationSpec
from reconciler.models.manifest import JsonObject

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def faults_of(bodies: Sequence[JsonObject], set_name: str) -> dict[str, str]:
    """By name of the application, the first thing that is wrong with it. Argo CD: validateGeneratedApplications."""
    counts = Counter(body["metadata"]["name"] for body in bodies)
    found: dict[str, str] = {}
    for body in bodies:
        name = body["metadata"]["name"]
        why = _doubled(name, counts, set_name) or _name_fault(name) or _spec_fault(body)
        if why:
            found.setdefault(name, why)
    return found


def place_faults(bodies: Sequence[JsonObject], projects: frozenset[str], places: Mapping[str, str]) -> dict[str, str]:
    """Applications whose project does not exist; `places` names what is wrong with destinations, by application."""
    found = dict(places)
    for body in bodies:
        project = body["spec"].get("project") or ""
        if project not in projects:
            found.setdefault(body["metadata"]["name"], f"application references project {project} which does not exist")
    return found


def _doubled(name: str, counts: Mapping[Any, int], set_name: str) -> str:
    if counts[name] < 2:  # twice is what doubled means
        return ""
    return f"ApplicationSet {set_name} contains applications with duplicate name: {name}"


def _name_fault(name: Any) -> str:
    if not name:
        return "an application's name is empty: template.metadata.name must not come out as nothing"
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        return f"application name {str(name)[:60]!r}… is longer than {LONGEST_NAME} characters"
    if not _NAME.fullmatch(name):
        return f"application name {name!r} may hold lower case letters, digits, '-' and '.' only"
    return ""


def _spec_fault(body: JsonObject) -> str:
    spec = body["spec"]
    if not spec.get("project"):
        return "application spec.project is required"
    try:
        # A whole Application costs five times as much as its spec: only one that is wrong is read for its words.
        ApplicationSpec.model_validate(spec, by_alias=True, by_name=False)
    except ValidationError:
        return _told(body)
    return ""


def _told(body: JsonObject) -> str:
    try:
        Application.parse(body)
    except SpecError as error:
        return str(error)
    return ""
