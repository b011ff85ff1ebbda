"""Sources for config management plugins: what their commands find in their environment. Argo CD: source.plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson

from reconciler.errors import SpecError
from reconciler.render.tools.build import Build

_ODD = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class PluginParams:
    """`name` "" asks for discovery; `installed` names all plugins that there are, with their programs."""

    kind: ClassVar[str] = "plugin"
    path: str
    name: str
    env: Mapping[str, str] = field(repr=False)
    installed: str = ""


def plugin_params(build: Build) -> PluginParams:
    """What the plugin is asked for. Raises SpecError for what is none."""
    block = build.source.plugin or {}
    parameters = block.get("parameters") or []
    if not isinstance(parameters, list) or not all(isinstance(one, dict) and one.get("name") for one in parameters):
        raise SpecError("source.plugin.parameters must be a list of parameters with names")
    env = {
        **{name: build.environment.value(name) for name in build.environment.names},
        **dict(_own(build, block)),
        "ARGOCD_APP_PARAMETERS": orjson.dumps(parameters).decode(),
        **dict(pair for one in parameters for pair in _parameter(one)),
    }
    return PluginParams(build.folder, str(block.get("name") or ""), env)


def _own(build: Build, block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Argo CD: users' variables are prefixed, so that none takes the place of another."""
    for one in block.get("env") or []:
        if not isinstance(one, dict) or not one.get("name"):
            raise SpecError("source.plugin.env must be a list of variables with names")
        yield f"ARGOCD_ENV_{one['name']}", build.environment.substituted(str(one.get("value") or ""))


def _parameter(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = f"PARAM_{_word(one['name'])}"
    if one.get("string") is not None:
        yield name, str(one["string"])
    for index, value in enumerate(one.get("array") or []):
        yield f"{name}_{index}", str(value)
    for key, value in (one.get("map") or {}).items():
        yield f"{name}_{_word(key)}", str(value)


def _word(text: object) -> str:
    return _ODD.sub("_", str(text)).upper()
