"""`status` of an Application, in Argo CD's shape. Times are RFC 3339 text."""

from __future__ import annotations

from pydantic import Field

from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.operation import Initiator, OperationState
from reconciler.models.source import ApplicationSource, Destination, IgnoreDifference
from reconciler.models.wire import Flag, Number, Part


class ComparedTo(Part):
    """What the last comparison was made against."""

    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    destination: Destination = Destination()
    ignore_differences: tuple[IgnoreDifference, ...] = ()


class SyncStatus(Part):
    """Verdict of the last comparison: one revision for one source, else one a source."""

    status: str = ""
    compared_to: ComparedTo = ComparedTo()
    revision: str = ""
    revisions: tuple[str, ...] = ()


class HealthStatus(Part):
    """Health of the application or of one object."""

    status: str = ""
    message: str = ""
    last_transition_time: str = ""


class ResourceStatus(Part):
    """One managed object: together they are the inventory."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str = ""
    health: HealthStatus | None = None
    hook: Flag = False
    requires_pruning: Flag = False
    sync_wave: Number = 0
    requires_deletion_confirmation: Flag = False

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self.group, self.kind, self.namespace, self.name)


class RevisionHistory(Part):
    """One successful sync; `id` grows and is never used twice."""

    id: Number = 0
    revision: str = ""
    revisions: tuple[str, ...] = ()
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    deployed_at: str = ""
    deploy_started_at: str = ""
    initiated_by: Initiator = Initiator()


class ConditionStatus(Part):
    """One condition as it stands in the status."""

    type: str = ""
    message: str = ""
    last_transition_time: str = ""


class Summary(Part):
    """Images and external addresses of the live objects."""

    external_urls: tuple[str, ...] = Field((), alias="externalURLs")
    images: tuple[str, ...] = ()
    is_app_of_apps: Flag = False


class ApplicationStatus(Part):
    """What the controller last wrote."""

    sync: SyncStatus = SyncStatus()
    health: HealthStatus = HealthStatus()
    resources: tuple[ResourceStatus, ...] = ()
    history: tuple[RevisionHistory, ...] = ()
    conditions: tuple[ConditionStatus, ...] = ()
    operation_state: OperationState | None = None
    reconciled_at: str = ""
    observed_at: str = ""
    source_type: str = ""
    source_types: tuple[str, ...] = ()
    summary: Summary = Summary()
    resource_health_source: str = ""
    controller_namespace: str = ""
    source_hydrator: JsonObject = Field(default_factory=dict)
