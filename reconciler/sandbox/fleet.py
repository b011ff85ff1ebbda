"""The sample fleet: the repository that is pushed, and the Applications that deploy it."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

import yaml

from reconciler.sandbox.api import Json
from reconciler.sandbox.chartfolder import Packed, pack
from reconciler.sandbox.places import MATERIAL
from reconciler.sandbox.repositories import folder_files

FLEET = MATERIAL / "fleet"


def repository_files() -> Mapping[str, bytes]:
    """What lies in the fleet's Git repository, by path."""
    return folder_files(FLEET / "repository")


def keys() -> Mapping[str, str]:
    """The private keys of the fleet's sealed files, by their names in a Secret."""
    return {path.name: path.read_text() for path in (FLEET / "keys").iterdir()}


def chart(name: str) -> Packed:
    """One of the fleet's own charts."""
    return pack(FLEET / "charts" / name)


def applications(sources: Mapping[str, str], servers: Mapping[str, str]) -> list[Json]:
    """The Applications, with addresses filled in: `repository`, `charts` and `registry`, and that of each cluster.

    Raises KeyError.
    """
    return _filled("applications", {**sources, **servers})


def application_sets(repository: str) -> list[Json]:
    """The ApplicationSets, with the address of the repository filled in. Raises KeyError."""
    return _filled("applicationsets", {"repository": repository})


def _filled(folder: str, names: Mapping[str, str]) -> list[Json]:
    texts = (path.read_text() for path in sorted((FLEET / folder).glob("*.yaml")))
    return [yaml.safe_load(Template(text).substitute(names)) for text in texts]


def manifests(*paths: Path) -> list[Json]:
    """Every object in some YAML files."""
    return [body for path in paths for body in yaml.safe_load_all(path.read_text()) if body]
