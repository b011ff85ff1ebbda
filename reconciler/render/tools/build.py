"""What the parameters of every tool are made from."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models.source import ApplicationSource
from reconciler.models.toolsettings import ToolSettings
from reconciler.render.tools.environment import Environment


@dataclass(frozen=True, slots=True)
class Release:
    """What a release is called where its source does not say, and the namespace that it is for.

    Argo CD: the application's name without its namespace, and its destination's namespace.
    """

    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """One source whose folder was found and whose overrides were merged into it.

    Whatever a tool gets to see of the application besides its source comes by `environment`, which knows what was
    used of it: only that belongs to what a result is cached by.
    """

    source: ApplicationSource
    folder: str
    """The path below the repository's root, "" for the root."""

    environment: Environment
    settings: ToolSettings
    is_unrestricted: bool = False
    """Whether a kustomization may name files above its folder."""

    release: Release = Release()
    refs: frozenset[str] | None = None
    """What other sources are called that lend their files; None where there is one source only."""
