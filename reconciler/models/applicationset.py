"""ApplicationSet: generators, and the template that makes Applications of their parameters. Source: Argo CD 3.6."""

from __future__ import annotations

from pydantic import Field

from reconciler.models.manifest import JsonObject
from reconciler.models.status import HealthStatus, ResourceStatus
from reconciler.models.wire import Flag, Number, Part, WireObject


class TemplateMeta(Part):
    """Metadata of a generated Application, still templates (Argo CD: its namespace is ignored)."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()


class ApplicationTemplate(Part):
    """What every generated Application looks like. `spec` is free until its text is rendered."""

    metadata: TemplateMeta = TemplateMeta()
    spec: JsonObject = Field(default_factory=dict)


class SetSyncPolicy(Part):
    """What may happen to generated Applications: `create-only`, `create-update`, `create-delete` or `sync`."""

    applications_sync: str = ""
    preserve_resources_on_deletion: Flag = False


class PreservedFields(Part):
    """Keys that a generated Application keeps as people set them."""

    annotations: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class IgnoreApplicationDifference(Part):
    """Fields of generated Applications that people may change; an empty name means all of them."""

    name: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()


class RolloutStep(Part):
    """One step of a progressive sync. `max_update` is a count or a percentage such as `25%`."""

    match_expressions: tuple[JsonObject, ...] = ()
    max_update: int | str | None = None


class RollingSync(Part):
    """Steps in the order in which they open."""

    steps: tuple[RolloutStep, ...] = ()


class Strategy(Part):
    """`AllAtOnce` or `RollingSync`; the order of deletion is `AllAtOnce` or `Reverse`."""

    type: str = ""
    rolling_sync: RollingSync | None = None
    deletion_order: str = ""


class ApplicationSetSpec(Part):
    """Generators stay free objects: each generator reads its own."""

    go_template: Flag = False
    go_template_options: tuple[str, ...] = ()
    generators: tuple[JsonObject, ...] = ()
    template: ApplicationTemplate = ApplicationTemplate()
    template_patch: str = ""
    sync_policy: SetSyncPolicy | None = None
    strategy: Strategy | None = None
    preserved_fields: PreservedFields | None = None
    ignore_application_differences: tuple[IgnoreApplicationDifference, ...] = ()
    apply_nested_selectors: Flag = False


class RolloutStatus(Part):
    """Where one Application stands in a progressive sync."""

    application: str = ""
    status: str = ""
    step: str = ""
    message: str = ""
    target_revisions: tuple[str, ...] = ()
    last_transition_time: str = ""


class SetCondition(Part):
    """One condition of the set; `status` is `True`, `False` or `Unknown`."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str = ""


class ApplicationSetStatus(Part):
    """What the controller last wrote, through the status subresource."""

    conditions: tuple[SetCondition, ...] = ()
    application_status: tuple[RolloutStatus, ...] = ()
    resources: tuple[ResourceStatus, ...] = ()
    resources_count: Number = 0
    health: HealthStatus | None = None


class ApplicationSet(WireObject):
    """One ApplicationSet. Its Applications lie in its own namespace."""

    spec: ApplicationSetSpec
    status: ApplicationSetStatus = ApplicationSetStatus()
