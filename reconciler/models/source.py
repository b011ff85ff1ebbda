"""Where manifests come from and where they go: the parts that spec, status and operation share."""

from __future__ import annotations

from pydantic import Field

from reconciler.models.manifest import JsonObject
from reconciler.models.wire import Flag, Part


class DirectorySource(Part):
    """`directory` of a source: plain YAML, JSON and Jsonnet files."""

    recurse: Flag = False
    include: str = ""
    exclude: str = ""
    disable_extension_filter: Flag = False
    jsonnet: JsonObject = Field(default_factory=dict)


class ApplicationSource(Part):
    """One source. Helm, Kustomize and plugin settings stay free objects until their renderers read them."""

    repo_url: str = Field("", alias="repoURL")
    path: str = ""
    target_revision: str = ""
    tag_prefix: str = ""
    chart: str = ""
    ref: str = ""
    name: str = ""
    directory: DirectorySource | None = None
    helm: JsonObject | None = None
    kustomize: JsonObject | None = None
    plugin: JsonObject | None = None


class Destination(Part):
    """Exactly one of `server` and `name`; Argo CD refuses both and neither."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class IgnoreDifference(Part):
    """One rule of `ignoreDifferences`; `group` and `kind` are globs."""

    group: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()


class Info(Part):
    """A name and a value that are only shown."""

    name: str = ""
    value: str = ""
