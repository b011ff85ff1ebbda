"""Folders of YAML, JSON and Jsonnet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from reconciler.models.source import DirectorySource, JsonnetVar
from reconciler.render.tools.build import Build
from reconciler.render.tools.environment import Environment


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of Jsonnet: a text, or with `code` an expression."""

    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class JsonnetParams:
    """`libs` are folders relative to the repository's root, in which imports are looked for."""

    ext_vars: tuple[Variable, ...] = ()
    tlas: tuple[Variable, ...] = ()
    libs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectoryParams:
    """A directory source. Argo CD: `path` and `directory{recurse,include,exclude,disableExtensionFilter,jsonnet}`."""

    kind: ClassVar[str] = "directory"

    path: str
    recurse: bool = False
    include: str = ""
    exclude: str = ""
    disable_extension_filter: bool = False
    jsonnet: JsonnetParams = field(default_factory=JsonnetParams)
    skip_jsonnet: bool = False


def directory_params(build: Build) -> DirectoryParams:
    """What the renderer is asked for. Argo CD: values of Jsonnet variables are substituted, library paths are not."""
    directory = build.source.directory or DirectorySource()
    jsonnet = directory.jsonnet
    return DirectoryParams(
        path=build.folder,
        recurse=directory.recurse,
        include=directory.include,
        exclude=directory.exclude,
        disable_extension_filter=directory.disable_extension_filter,
        jsonnet=JsonnetParams(
            ext_vars=_variables(jsonnet.ext_vars, build.environment),
            tlas=_variables(jsonnet.tlas, build.environment),
            libs=jsonnet.libs,
        ),
        skip_jsonnet=not build.settings.jsonnet_enabled,
    )


def _variables(given: tuple[JsonnetVar, ...], environment: Environment) -> tuple[Variable, ...]:
    return tuple(Variable(one.name, environment.substituted(one.value), one.code) for one in given)
