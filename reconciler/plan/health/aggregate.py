"""Health of an application from its objects (Argo CD: the worst of its managed objects)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.models.application import Application
from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.models.observed import Health
from reconciler.models.words import GROUP, IGNORE_HEALTHCHECK, TRUE
from reconciler.plan.health.worst import worst

APPLICATION = GroupKind(GROUP, "Application")


@dataclass(frozen=True, slots=True)
class HealthPart:
    """One object's share. `manifest` is the live object where it was read, else the desired one."""

    key: ObjectKey
    health: Health | None
    manifest: Manifest | None


def aggregate(app: Application, parts: Sequence[HealthPart]) -> Health:
    """Argo CD: a missing object does not count unless all are missing; an application without objects is Healthy."""
    if parts and all(part.health and part.health.status == "Missing" for part in parts):
        return Health("Missing")
    counted = [part.health for part in parts if part.health and _counts(app, part)]
    return Health(worst(health for health in counted if health.status != "Missing"))


def _counts(app: Application, part: HealthPart) -> bool:
    if part.manifest is not None and part.manifest.annotations.get(IGNORE_HEALTHCHECK) == TRUE:
        return False
    if part.key.group_kind != APPLICATION:
        return True
    own = (part.key.namespace, part.key.name) == (app.metadata.namespace, app.metadata.name)
    return not own and part.health is not None and part.health.status not in ("Missing", "Unknown")
