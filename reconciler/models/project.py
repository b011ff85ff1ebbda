"""AppProject: what its Applications may use. Values only; `plan.permissions` judges. Source: Argo CD 3.6."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, WithJsonSchema

from reconciler.models.manifest import JsonObject
from reconciler.models.source import Destination
from reconciler.models.wire import Flag, Part, WireObject


class KindPattern(Part):
    """Names kinds by glob, and in the cluster-scoped lists objects of them; an empty name is every object."""

    group: str = ""
    kind: str = ""
    name: str = ""


# Argo CD's namespaced lists have no `name` and let anything under that word pass: our definition must not judge it.
_TEXT = {"type": "string"}
NamespacedPattern = Annotated[
    KindPattern, WithJsonSchema({"type": "object", "properties": {"group": _TEXT, "kind": _TEXT}})
]


class SyncWindow(Part):
    """A time in which syncs are allowed or denied; `schedule` is five-field cron, `duration` Go text."""

    kind: str = ""
    schedule: str = ""
    duration: str = ""
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual_sync: Flag = False
    sync_overrun: Flag = False
    and_operator: Flag = False
    time_zone: str = ""
    description: str = ""


class OrphanedResources(Part):
    """Present means that orphans are looked for; only `warn` makes a condition of them."""

    warn: Flag = False
    ignore: tuple[KindPattern, ...] = ()


class ServiceAccountRule(Part):
    """Which service account writes to which destination."""

    server: str = ""
    namespace: str = ""
    default_service_account: str = ""


class ProjectSpec(Part):
    """Allowed sources, destinations and kinds. Patterns are as written; all but one absent list mean an empty one."""

    description: str = ""
    source_repos: tuple[str, ...] = ()
    destinations: tuple[Destination, ...] = ()
    cluster_resource_whitelist: tuple[KindPattern, ...] = ()
    cluster_resource_blacklist: tuple[KindPattern, ...] = ()
    namespace_resource_whitelist: tuple[NamespacedPattern, ...] | None = None
    """None allows every kind, an empty list none."""

    namespace_resource_blacklist: tuple[NamespacedPattern, ...] = ()
    orphaned_resources: OrphanedResources | None = None
    roles: tuple[JsonObject, ...] = ()
    sync_windows: tuple[SyncWindow, ...] = ()
    source_namespaces: tuple[str, ...] = ()
    signature_keys: tuple[JsonObject, ...] = ()
    source_integrity: JsonObject | None = None
    permit_only_project_scoped_clusters: Flag = False
    destination_service_accounts: tuple[ServiceAccountRule, ...] = ()


class AppProject(WireObject):
    """One AppProject. An absent spec permits nothing but namespaced kinds, and those nowhere."""

    spec: ProjectSpec = ProjectSpec()
    status: JsonObject = Field(default_factory=dict)
