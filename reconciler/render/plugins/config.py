"""plugin.yaml as Argo CD's sidecars have it: kind ConfigManagementPlugin, which is no object of any cluster."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from reconciler.errors import ConfigurationError

FILE = "plugin.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, validate_by_name=True)


class Command(_Part):
    """A program and its arguments; nothing is given to a shell."""

    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()

    @property
    def argv(self) -> tuple[str, ...]:
        return (*self.command, *self.args)


class Find(_Part):
    glob: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()


class Discover(_Part):
    """Argo CD: only the first of the three that says something is looked at."""

    file_name: str = ""
    find: Find = Find()


class Announced(_Part):
    """Parameters for people to fill in; Argo CD does not send their defaults to the plugin."""

    static: tuple[dict[str, Any], ...] = ()
    dynamic: Command = Command()


class PluginSpec(_Part):
    version: str = ""
    init: Command = Command()
    generate: Command
    discover: Discover = Discover()
    parameters: Announced = Announced()
    preserve_file_mode: bool = False
    provide_git_creds: bool = False


class _Named(_Part):
    name: str = Field(min_length=1)


class _PluginFile(_Part):
    kind: str = "ConfigManagementPlugin"
    metadata: _Named
    spec: PluginSpec


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin; `folder` is shown to its commands as /plugin, "" shows nothing."""

    name: str
    spec: PluginSpec
    folder: str
    digest: str


def read_plugins(folder: Path) -> tuple[Plugin, ...]:
    """Every `*.yaml` of a folder, and the plugin.yaml of each folder in it. Raises ConfigurationError."""
    if not folder.is_dir():
        raise ConfigurationError(f"RECONCILER_PLUGINS: {folder} is no folder")
    files = [*sorted(folder.glob("*.yaml")), *sorted(folder.glob(f"*/{FILE}"))]
    plugins = [parse_plugin(file.read_bytes(), file, folder) for file in files]
    names = [plugin.name for plugin in plugins]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigurationError(f"RECONCILER_PLUGINS: two plugins are called {', '.join(sorted(twice))}")
    return tuple(plugins)


def parse_plugin(data: bytes, file: Path, top: Path) -> Plugin:
    """One file. Argo CD: a version becomes part of the name. Raises ConfigurationError naming file and field."""
    try:
        read = _PluginFile.model_validate(yaml.safe_load(data))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file}: is no YAML") from error
    except ValidationError as error:
        raise ConfigurationError(f"{file}: {_told(error)}") from None
    spec = read.spec
    if read.kind != "ConfigManagementPlugin" or not spec.generate.argv:
        raise ConfigurationError(f"{file}: must be a ConfigManagementPlugin with spec.generate.command")
    if spec.provide_git_creds:
        raise ConfigurationError(f"{file}: spec.provideGitCreds is of no use, for plugins have no network; take it out")
    name = f"{read.metadata.name}-{spec.version}" if spec.version else read.metadata.name
    own = "" if file.parent == top else str(file.parent.resolve())
    return Plugin(name, spec, own, _digest(file.parent.rglob("*") if own else [file]))


def _told(error: ValidationError) -> str:
    first: Sequence[Any] = error.errors(include_url=False)
    return f"{'.'.join(str(part) for part in first[0]['loc'])}: {first[0]['msg']}"


def _digest(files: Iterable[Path]) -> str:
    digest = blake2b(digest_size=16)
    for file in sorted(file for file in files if file.is_file()):
        digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
