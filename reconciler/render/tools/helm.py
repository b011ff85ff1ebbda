"""Helm charts, and what an Application sets in them."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import ClassVar

import orjson

from reconciler.errors import SourceError
from reconciler.models.source import HelmSource
from reconciler.render.limits import MIB
from reconciler.render.tools.build import Build
from reconciler.sources.paths import clean_path

CHART_BYTES = 64 * MIB
"""A chart's files with its dependencies, archives unpacked; the largest published charts have some 10 MiB."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder of one tree: `ref` names the source that lends it, "" is the own one; or a file at a URL."""

    ref: str
    path: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ValueFile:
    """A file, or a pattern that stands for what it matches."""

    at: Place
    pattern: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value by its path."""

    name: str
    value: str
    force_string: bool


@dataclass(frozen=True, slots=True)
class FileParameter:
    """A file's text by the path of the value that it becomes."""

    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class HelmParams:
    """A Helm source: its environment substituted, its paths resolved. Argo CD: `helm` of a source, and its defaults.

    `kube_version` and `api_versions` count instead of what the cluster says; empty ones ask it.
    """

    kind: ClassVar[str] = "helm"

    chart: Place
    release_name: str
    namespace: str
    value_files: tuple[ValueFile, ...] = ()
    ignore_missing_value_files: bool = False
    values: str = ""
    parameters: tuple[Parameter, ...] = ()
    file_parameters: tuple[FileParameter, ...] = ()
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema_validation: bool = False
    kube_version: str = ""
    api_versions: tuple[str, ...] | None = None
    chart_bytes: int = field(default=CHART_BYTES)


def helm_params(build: Build) -> HelmParams:
    """What the renderer is asked for. Raises SourceError for files that cannot be read.

    Argo CD: paths and values of parameters are substituted, inline values are not; a release is called as its
    application.
    """
    asked, substituted = build.source.helm or HelmSource(), build.environment.substituted
    return HelmParams(
        chart=Place("", build.folder),
        release_name=asked.release_name or build.release.name,
        namespace=asked.namespace or build.release.namespace,
        value_files=tuple(_value_file(text, build) for text in asked.value_files),
        ignore_missing_value_files=asked.ignore_missing_value_files,
        values=_inline(asked),
        parameters=tuple(Parameter(one.name, substituted(one.value), one.force_string) for one in asked.parameters),
        file_parameters=tuple(
            FileParameter(one.name, _place(one.path, build, "fileParameters")) for one in asked.file_parameters
        ),
        skip_crds=asked.skip_crds,
        skip_tests=asked.skip_tests,
        skip_schema_validation=asked.skip_schema_validation,
        kube_version=asked.kube_version,
        api_versions=asked.api_versions or None,
    )


def _inline(asked: HelmSource) -> str:
    return orjson.dumps(asked.values_object).decode() if asked.values_object else asked.values


def _value_file(text: str, build: Build) -> ValueFile:
    place = _place(text, build, "valueFiles")
    return ValueFile(place, pattern=bool(_PATTERN.search(place.path)))


def _place(text: str, build: Build, field_name: str) -> Place:
    """Where a file lies. Argo CD: `$ref/x` is below the root of the source that is called so, `/x` below the own
    repository's root, anything else below the chart. Only a first segment can be a ref.
    """
    ref, rest = "", text
    if build.refs is not None and text.startswith("$"):
        ref, rest = _lender(text, build, field_name)
    path = build.environment.substituted(rest)
    if _is_url(path, build, field_name):
        return Place("", "", path)
    clean = clean_path(path.lstrip("/") if path.startswith("/") else posixpath.join(build.folder, path))
    if not clean:
        raise SourceError(f"source.helm.{field_name}: {text!r} is no file inside its repository")
    return Place(ref, clean)


def _lender(text: str, build: Build, field_name: str) -> tuple[str, str]:
    name, _, rest = text[1:].partition("/")
    refs = build.refs or frozenset()
    if name not in refs:
        known = ", ".join(f"${ref}" for ref in sorted(refs))
        words = f"which is not one of the available sources ({known})" if known else "but no source has a `ref`"
        raise SourceError(f"source.helm.{field_name}: source referenced ${name}, {words}")
    return name, f"/{rest}"


def _is_url(path: str, build: Build, field_name: str) -> bool:
    scheme = _SCHEME.match(path)
    if scheme and scheme[1].lower() not in build.settings.value_file_schemes:
        raise SourceError(
            f"source.helm.{field_name}: the URL scheme {scheme[1]!r} is not allowed; "
            "helm.valuesFileSchemes in argocd-cm lists those that are"
        )
    return scheme is not None
