"""Generator `git`: one set of parameters for each folder, or for each file and each item of a list in it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from reconciler.generate.context import Context
from reconciler.generate.facts import GitFacts
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.forms import with_values
from reconciler.generate.naming import normalized
from reconciler.generate.params import Params, flattened
from reconciler.generate.patterns import of_files, of_folders
from reconciler.generate.reading import items, required, text, texts
from reconciler.models.manifest import JsonObject

ROOT = "."


def from_git(spec: JsonObject, context: Context) -> list[Params]:
    """Folders where `directories` is given, else files. Raises GeneratorFault, and what the facts raise."""
    wanted = "directories" if spec.get("directories") else "files"
    if not spec.get(wanted):
        raise GeneratorFault("git: give directories or files")
    tree = context.facts.git(str(required(spec, "repoURL")), text(spec, "revision"))
    prefix, nested = text(spec, "pathParamPrefix"), context.form.is_go
    if wanted == "directories":
        rows = [_path_params(path, prefix, nested=nested) for path in _folders(items(spec, wanted), tree)]
    else:
        paths = _files(items(spec, wanted), tree, doublestar=context.new_globbing)
        rows = [row for path in paths for row in _file_params(path, tree, prefix, nested=nested)]
    return with_values(texts(spec, "values"), rows, context.form)


def _folders(wanted: Sequence[JsonObject], tree: GitFacts) -> list[str]:
    """Argo CD: an exclusion wins wherever it stands; the root is meant only by its name."""
    patterns = [(of_folders(str(item.get("path", ""))), bool(item.get("exclude"))) for item in wanted]
    root = [ROOT] if any(item.get("path") == ROOT for item in wanted) else []
    asked = [str(item.get("path", "")) for item in wanted if not item.get("exclude")]
    return [path for path in (*root, *sorted(tree.directories(asked))) if _chosen(path, patterns)]


def _files(wanted: Sequence[JsonObject], tree: GitFacts, *, doublestar: bool) -> list[str]:
    patterns = [
        (of_files(str(item.get("path", "")), doublestar=doublestar), bool(item.get("exclude"))) for item in wanted
    ]
    asked = [str(item.get("path", "")) for item in wanted if not item.get("exclude")]
    return [path for path in sorted(tree.files(asked)) if _chosen(path, patterns)]


def _chosen(path: str, patterns: Sequence[tuple[Any, bool]]) -> bool:
    matching = [exclude for pattern, exclude in patterns if pattern.fullmatch(path)]
    return bool(matching) and not any(matching)


def _file_params(path: str, tree: GitFacts, prefix: str, *, nested: bool) -> Iterator[Params]:
    folder, filename = posixpath.dirname(path) or ROOT, posixpath.basename(path)
    names = {"filename": filename, "filenameNormalized": normalized(filename)}
    for content in _contents(path, tree.read(path)):
        given = content if nested else flattened(content)
        yield {**given, **_path_params(folder, prefix, nested=nested, more=names)}


def _contents(path: str, document: str) -> list[JsonObject]:
    """One object, or a list of them; an empty file is an empty object."""
    try:
        found = yaml.load(document, Loader=_JsonLoader)  # noqa: S506  # a safe loader that leaves dates as text
    except yaml.YAMLError as error:
        raise GeneratorFault(f"unable to process file {path!r}: {str(error).splitlines()[0]}") from None
    listed = found if isinstance(found, list) else [found or {}]
    if not all(isinstance(item, dict) for item in listed):
        raise GeneratorFault(f"unable to process file {path!r}: it must hold an object or a list of objects")
    return listed


class _JsonLoader(yaml.CSafeLoader):
    """YAML as JSON: what looks like a date is text, as for Go."""


_JsonLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _path_params(path: str, prefix: str, *, nested: bool, more: dict[str, str] | None = None) -> Params:
    name = posixpath.basename(path)
    named = {"basename": name, "basenameNormalized": normalized(name), **(more or {})}
    if nested:
        params = {"path": {"path": path, **named, "segments": path.split("/")}}
        return {prefix: params} if prefix else params
    place = f"{prefix}.path" if prefix else "path"
    segments = {f"{place}[{number}]": part for number, part in enumerate(path.split("/")) if part}
    return {place: path, **{f"{place}.{key}": value for key, value in named.items()}, **segments}
