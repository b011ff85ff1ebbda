"""Where manifests come from and where they go: the parts that spec, status and operation share."""

from __future__ import annotations

from pydantic import Field

from reconciler.models.manifest import JsonObject
from reconciler.models.wire import Flag, Number, Part


class JsonnetVar(Part):
    """A variable of Jsonnet: a text, or with `code` an expression."""

    name: str = ""
    value: str = ""
    code: Flag = False


class JsonnetSource(Part):
    """`jsonnet` of a directory. `libs` are folders relative to the repository's root."""

    ext_vars: tuple[JsonnetVar, ...] = ()
    tlas: tuple[JsonnetVar, ...] = ()
    libs: tuple[str, ...] = ()


class DirectorySource(Part):
    """`directory` of a source: plain YAML, JSON and Jsonnet files."""

    recurse: Flag = False
    include: str = ""
    exclude: str = ""
    disable_extension_filter: Flag = False
    jsonnet: JsonnetSource = JsonnetSource()


class KustomizeReplica(Part):
    """How many of what; the count is a whole number or a text that holds one."""

    name: str = ""
    count: Number | str = 0


class KustomizeTarget(Part):
    """What a patch is for; empty fields match everything."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    label_selector: str = ""
    annotation_selector: str = ""


class KustomizePatch(Part):
    """A patch by its file or by its text."""

    path: str = ""
    patch: str = ""
    target: KustomizeTarget | None = None
    options: dict[str, Flag] = Field(default_factory=dict)


class KustomizeSource(Part):
    """`kustomize` of a source: what it overrides in the kustomization of its folder."""

    name_prefix: str = ""
    name_suffix: str = ""
    images: tuple[str, ...] = ()
    common_labels: dict[str, str] = Field(default_factory=dict)
    common_annotations: dict[str, str] = Field(default_factory=dict)
    force_common_labels: Flag = False
    force_common_annotations: Flag = False
    common_annotations_envsubst: Flag = False
    label_without_selector: Flag = False
    label_include_templates: Flag = False
    namespace: str = ""
    replicas: tuple[KustomizeReplica, ...] = ()
    patches: tuple[KustomizePatch, ...] = ()
    components: tuple[str, ...] = ()
    ignore_missing_components: Flag = False
    version: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


class HelmParameter(Part):
    """One value by its path, typed by its text, or with `forceString` a string whatever it looks like."""

    name: str = ""
    value: str = ""
    force_string: Flag = False


class HelmFileParameter(Part):
    """One value by its path: the text of a file."""

    name: str = ""
    path: str = ""


class HelmSource(Part):
    """`helm` of a source. Of the two inline forms `valuesObject` counts; `version` says nothing any more."""

    value_files: tuple[str, ...] = ()
    values: str = ""
    values_object: JsonObject | None = None
    parameters: tuple[HelmParameter, ...] = ()
    file_parameters: tuple[HelmFileParameter, ...] = ()
    release_name: str = ""
    ignore_missing_value_files: Flag = False
    pass_credentials: Flag = False
    skip_crds: Flag = False
    skip_tests: Flag = False
    skip_schema_validation: Flag = False
    namespace: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    version: str = ""


class ApplicationSource(Part):
    """One source. Plugin settings stay a free object until their renderer reads them."""

    repo_url: str = Field("", alias="repoURL")
    path: str = ""
    target_revision: str = ""
    tag_prefix: str = ""
    chart: str = ""
    ref: str = ""
    name: str = ""
    directory: DirectorySource | None = None
    helm: HelmSource | None = None
    kustomize: KustomizeSource | None = None
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
