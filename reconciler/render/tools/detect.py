"""Which tool a source is for: the one that it names, else the one whose file lies in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from reconciler.errors import SpecError
from reconciler.models.honoured.walk import is_empty
from reconciler.models.source import ApplicationSource
from reconciler.models.toolsettings import ToolSettings
from reconciler.models.wire import Part
from reconciler.render.readset import ReadLog, Sight
from reconciler.sources.paths import Found

SourceType = Literal["Helm", "Kustomize", "Directory", "Plugin"]

TOOL_FILES: Mapping[SourceType, tuple[str, ...]] = {
    "Kustomize": ("kustomization.yaml", "kustomization.yml", "Kustomization"),
    "Helm": ("Chart.yaml",),
}
"""Files that make a folder a tool's, in the order of looking. Argo CD (util/app/discovery): the last file of a walk
counts, so that a kustomization beside a chart wins.
"""


def explicit_type(source: ApplicationSource) -> SourceType | None:
    """The tool that a source names itself. Raises SpecError when it names two.

    Argo CD: a block that says nothing counts as absent, but for `plugin`, which asks for discovery then.
    """
    blocks: dict[SourceType, bool] = {
        "Helm": _says_something(source.helm),
        "Kustomize": _says_something(source.kustomize),
        "Directory": _says_something(source.directory),
        "Plugin": source.plugin is not None,
    }
    named = [tool for tool, is_named in blocks.items() if is_named]
    if len(named) > 1:
        fields = ", ".join(f"source.{tool.lower()}" for tool in named)
        raise SpecError(f"multiple application sources defined: {','.join(named)}; keep one of {fields}")
    return named[0] if named else None


def source_type(
    source: ApplicationSource, folder: str, settings: ToolSettings, sight: Sight, log: ReadLog
) -> SourceType:
    """The tool that renders this folder. Raises SpecError, SourceUnavailable.

    Argo CD: a tool that the settings switch off leaves its sources to be deployed as plain files.
    """
    named = explicit_type(source)
    chosen: SourceType = "Helm" if source.chart else named or _found_type(folder, settings, sight, log)
    return chosen if _is_on(chosen, settings) else "Directory"


def _found_type(folder: str, settings: ToolSettings, sight: Sight, log: ReadLog) -> SourceType:
    for tool, names in TOOL_FILES.items():
        if _is_on(tool, settings) and any(_has(f"{folder}/{name}".lstrip("/"), sight, log) for name in names):
            return tool
    return "Directory"


def _has(path: str, sight: Sight, log: ReadLog) -> bool:
    return isinstance(log.noted(sight.look("file", path)), Found)


def _is_on(tool: SourceType, settings: ToolSettings) -> bool:
    return {"Helm": settings.helm_enabled, "Kustomize": settings.kustomize_enabled}.get(tool, True)


def _says_something(block: Part | Mapping[str, object] | None) -> bool:
    value = block.to_json() if isinstance(block, Part) else block
    return not is_empty(value)
