"""Kustomizations, and what an Application overrides in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from reconciler.models.source import KustomizePatch, KustomizeSource, KustomizeTarget
from reconciler.render.tools.build import Build


@dataclass(frozen=True, slots=True)
class Replica:
    """How many of what; the count may be a text that holds a number."""

    name: str
    count: int | str


@dataclass(frozen=True, slots=True)
class Target:
    """What a patch is for; empty fields match everything."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str
    label_selector: str
    annotation_selector: str


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch by its file or by its text."""

    path: str
    patch: str
    target: Target | None
    options: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class KustomizeParams:
    """A Kustomize source with its environment substituted. Argo CD: `kustomize` of a source, and its settings."""

    kind: ClassVar[str] = "kustomize"

    path: str
    name_prefix: str = ""
    name_suffix: str = ""
    images: tuple[str, ...] = ()
    replicas: tuple[Replica, ...] = ()
    common_labels: Mapping[str, str] = field(default_factory=dict)
    common_annotations: Mapping[str, str] = field(default_factory=dict)
    force_common_labels: bool = False
    force_common_annotations: bool = False
    label_without_selector: bool = False
    label_include_templates: bool = False
    namespace: str = ""
    patches: tuple[Patch, ...] = ()
    components: tuple[str, ...] = ()
    ignore_missing_components: bool = False
    build_options: tuple[str, ...] = ()
    load_restrictor_none: bool = False
    enable_helm: bool = False
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


def kustomize_params(build: Build) -> KustomizeParams:
    """What the renderer is asked for. Raises SpecError for a version that the settings do not know.

    Argo CD: images and values of labels are substituted, values of annotations where that is asked for.
    """
    asked, substituted = build.source.kustomize or KustomizeSource(), build.environment.substituted
    annotations = asked.common_annotations
    if asked.common_annotations_envsubst:
        annotations = {name: substituted(value) for name, value in annotations.items()}
    return KustomizeParams(
        path=build.folder,
        name_prefix=asked.name_prefix,
        name_suffix=asked.name_suffix,
        images=tuple(substituted(image) for image in asked.images),
        replicas=tuple(Replica(one.name, one.count) for one in asked.replicas),
        common_labels={name: substituted(value) for name, value in asked.common_labels.items()},
        common_annotations=annotations,
        force_common_labels=asked.force_common_labels,
        force_common_annotations=asked.force_common_annotations,
        label_without_selector=asked.label_without_selector,
        label_include_templates=asked.label_include_templates,
        namespace=asked.namespace,
        patches=tuple(_patch(patch) for patch in asked.patches),
        components=asked.components,
        ignore_missing_components=asked.ignore_missing_components,
        build_options=build.settings.options_of(asked.version),
        load_restrictor_none=build.is_unrestricted,
        kube_version=asked.kube_version,
        api_versions=asked.api_versions,
    )


def _patch(patch: KustomizePatch) -> Patch:
    return Patch(patch.path, patch.patch, _target(patch.target) if patch.target else None, patch.options)


def _target(target: KustomizeTarget) -> Target:
    return Target(
        group=target.group,
        version=target.version,
        kind=target.kind,
        name=target.name,
        namespace=target.namespace,
        label_selector=target.label_selector,
        annotation_selector=target.annotation_selector,
    )
