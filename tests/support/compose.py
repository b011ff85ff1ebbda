"""docker-compose.yml as Docker Compose reads it, and its services as processes of this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
FILE = PROJECT / "docker-compose.yml"
IMAGE = PROJECT / "deploy" / "Dockerfile"

_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<rule>:\?|:-)(?P<word>[^}]*))?\}|(?P<bad>.?))"
)


class MissingVariable(Exception):
    """A variable without which the file asks not to be started; the text is the file's own."""


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """`${VAR}`, `${VAR:-default}`, `${VAR:?message}` and `$$`. Raises MissingVariable; ValueError for a stray `$`."""

    def value(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        if not found["name"]:
            raise ValueError(f"a stray $ in {text!r}")
        given = environment.get(found["name"], "")
        if not given and found["rule"] == ":?":
            raise MissingVariable(f"{found['name']}: {found['word']}")
        return given or (found["word"] or "" if found["rule"] == ":-" else "")

    return _VARIABLE.sub(value, text)


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its command, its whole environment (the image's included), and the secrets it is given."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    secrets: Sequence[str]
    settings: Mapping[str, Any]
    """The service's own mapping in the file, interpolated."""


def services(environment: Mapping[str, str]) -> Mapping[str, Service]:
    """Every service by name. Raises MissingVariable."""
    document = _walked(yaml.safe_load(FILE.read_text()), environment)
    return {name: _service(name, own) for name, own in document["services"].items()}


def image_environment() -> Mapping[str, str]:
    """The variables that deploy/Dockerfile sets."""
    return dict(_assignments(IMAGE.read_text()))


def _service(name: str, own: Mapping[str, Any]) -> Service:
    base = image_environment() if str(own["image"]).startswith("reconciler") else {}
    environment = {**base, **{key: str(value) for key, value in (own.get("environment") or {}).items()}}
    return Service(name, [str(word) for word in own["command"]], environment, own.get("secrets") or (), own)


def _walked(node: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _walked(value, environment) for key, value in node.items()}
    if isinstance(node, list):
        return [_walked(value, environment) for value in node]
    return interpolated(node, environment) if isinstance(node, str) else node


def _assignments(dockerfile: str) -> Iterator[tuple[str, str]]:
    for line in dockerfile.splitlines():
        if line.startswith("ENV "):
            for word in line.removeprefix("ENV ").split():
                name, _, value = word.partition("=")
                yield name, value
