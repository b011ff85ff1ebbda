"""Files in a source's folder that override the source itself.

Argo CD: `.argocd-source.yaml`, then `.argocd-source-APP.yaml`. They are JSON merge
patches in YAML. Which repository, folder, revision and chart it is they cannot change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from reconciler.errors import SourceError
from reconciler.models.honoured import unhonoured_in_source
from reconciler.models.manifest import JsonObject
from reconciler.models.source import ApplicationSource
from reconciler.models.wire import spec_error
from reconciler.render.readset import ReadLog, Sight
from reconciler.sources.paths import Found

FIXED = ("repoURL", "path", "targetRevision", "chart", "ref")
"""Fields that stay as the Application has them; another `ref` would be known to nobody."""

MAX_FILE_BYTES = 256 * 1024
MAX_DEPTH = 50
_OPENING, _CLOSING = (
    (yaml.MappingStartEvent, yaml.SequenceStartEvent),
    (yaml.MappingEndEvent, yaml.SequenceEndEvent),
)


class _Loader(yaml.CSafeLoader):
    """YAML as JSON has it: dates stay texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def overridden(source: ApplicationSource, folder: str, instance: str, sight: Sight, log: ReadLog) -> ApplicationSource:
    """The source with the overrides of its folder, which are read also where they are absent. `instance` names the
    application: `NAME`, or `NAMESPACE_NAME` outside the control namespace.

    Raises SourceError naming the file for what does not read as a source, or is not honoured.
    """
    for path in override_paths(folder, instance):
        found = log.noted(sight.look("file", path))
        if isinstance(found, Found) and found.entry.type == "file":
            text = sight.tree.blob(found.entry, found.parent, MAX_FILE_BYTES)
            source = _merged(source, _patch(text, path), path)
    return source


def override_paths(folder: str, instance: str) -> tuple[str, str]:
    """The files that may override a source, the later one last."""
    return tuple(f"{folder}/{name}".lstrip("/") for name in (".argocd-source.yaml", f".argocd-source-{instance}.yaml"))  # type: ignore[return-value]


def merge_patched(value: Any, patch: Any) -> Any:
    """RFC 7386: objects are merged, null takes a field out, everything else takes the place of what was there."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(value) if isinstance(value, Mapping) else {}
    for name, inner in patch.items():
        if inner is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patched(merged.get(name), inner)
    return merged


def _merged(source: ApplicationSource, patch: JsonObject, path: str) -> ApplicationSource:
    before = source.to_json()
    wanted = {name: value for name, value in patch.items() if name not in FIXED}
    if unhonoured := next(unhonoured_in_source(wanted), None):
        raise SourceError(f"{path}: {unhonoured} is not honoured by this version")
    try:
        merged = merge_patched(before, wanted)
        return ApplicationSource.model_validate(merged, by_alias=True, by_name=False)
    except ValidationError as error:
        raise SourceError(str(spec_error(path, error.errors(include_url=False)))) from None


def _patch(text: bytes | None, path: str) -> JsonObject:
    if text is None:
        raise SourceError(f"{path} is larger than {MAX_FILE_BYTES} bytes")
    try:
        for problem in _problems(text):
            raise SourceError(f"{path}: {problem}")
        patch = yaml.load(text, _Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise SourceError(f"{path}{f':{mark.line + 1}' if mark else ''} does not read as YAML") from None
    if patch is None:
        return {}
    if not isinstance(patch, dict) or not _is_json(patch):
        raise SourceError(f"{path} is no object with fields of a source, such as `kustomize`")
    return patch


def _problems(text: bytes) -> Iterator[str]:
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if depth > MAX_DEPTH:
            yield f"nested deeper than {MAX_DEPTH} levels"
        if isinstance(event, yaml.AliasEvent):
            yield "aliases are not read here"


def _is_json(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_json(inner) for name, inner in value.items())
    if isinstance(value, list):
        return all(map(_is_json, value))
    return value is None or isinstance(value, (str, bool, int, float))
