"""Application: what should run where, a requested operation, and what was found. Source: Argo CD 3.6."""

from __future__ import annotations

from pydantic import Field

from reconciler.models.manifest import JsonObject
from reconciler.models.operation import Operation, Retry
from reconciler.models.source import ApplicationSource, Destination, IgnoreDifference, Info
from reconciler.models.status import ApplicationStatus
from reconciler.models.wire import Flag, Number, Part, WireObject
from reconciler.models.words import DEFAULT_PROJECT


class Automated(Part):
    """Automated sync; present means on, unless `enabled` is false."""

    prune: Flag = False
    self_heal: Flag = False
    allow_empty: Flag = False
    enabled: Flag = True


class NamespaceMetadata(Part):
    """Labels and annotations enforced on a created namespace."""

    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class SyncPolicy(Part):
    """When and how to sync. `sync_options` are words such as `CreateNamespace=true`."""

    automated: Automated | None = None
    sync_options: tuple[str, ...] = ()
    retry: Retry | None = None
    managed_namespace_metadata: NamespaceMetadata | None = None


class ApplicationSpec(Part):
    """What should run where."""

    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    source_hydrator: JsonObject | None = None
    destination: Destination
    project_as_written: str = Field("", alias="project")
    sync_policy: SyncPolicy | None = None
    ignore_differences: tuple[IgnoreDifference, ...] = ()
    info: tuple[Info, ...] = ()
    revision_history_limit: Number = 10

    @property
    def project(self) -> str:
        """Name of the AppProject (Argo CD: empty means `default`)."""
        return self.project_as_written or DEFAULT_PROJECT

    @property
    def all_sources(self) -> tuple[ApplicationSource, ...]:
        """The sources that count (Argo CD: a non-empty `sources` overrides `source`); empty when there is none."""
        if self.sources:
            return self.sources
        return (self.source,) if self.source else ()

    @property
    def automated(self) -> Automated | None:
        """Automated sync where it is on, else None."""
        automated = self.sync_policy.automated if self.sync_policy else None
        return automated if automated and automated.enabled else None

    @property
    def sync_options(self) -> tuple[str, ...]:
        return self.sync_policy.sync_options if self.sync_policy else ()


class Application(WireObject):
    """One Application. `operation` is top level; there is no status subresource."""

    spec: ApplicationSpec
    operation: Operation | None = None
    status: ApplicationStatus = ApplicationStatus()
