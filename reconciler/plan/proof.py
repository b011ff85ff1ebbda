"""What every deletion has to prove, whatever its kind. A missing fact is a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import AppKey, ObjectKey
from reconciler.models.manifest import LiveObject
from reconciler.models.source import Destination
from reconciler.models.tracking import BY_ANNOTATION, Tracking
from reconciler.plan.lens import Lens
from reconciler.plan.permissions import ProjectRules
from reconciler.plan.tracking import CRD, mark_field, marks_itself, owner_of

Propagation = Literal["Foreground", "Background", "Orphan"]

MIGRATED_MANAGERS = frozenset({"argocd-controller", "argocd-application-controller"})
"""Field managers whose marks count as ours: Argo CD's, which a takeover migrates."""


@dataclass(frozen=True, slots=True)
class Claim:
    """In whose name objects are deleted, and what that name is allowed."""

    app: AppKey
    instance: str
    """Name of the application inside tracking ids."""

    managers: frozenset[str]
    """Field managers whose tracking mark counts."""

    project: ProjectRules
    destination: Destination
    """Server and name, both resolved."""

    tracking: Tracking = BY_ANNOTATION


@dataclass(frozen=True, slots=True)
class Deletion:
    """One object that may be deleted, with the preconditions that tie the call to the proof."""

    live: LiveObject
    uid: str
    resource_version: str
    propagation: Propagation
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One object that is not deleted, and why, in plain words."""

    key: ObjectKey
    why: str


def claim_of(app: Application, project: ProjectRules, destination: Destination, *, instance: str, lens: Lens) -> Claim:
    """The claim of one application; the manager that it names for migration counts as ours."""
    named = app.metadata.annotations.get(words.MIGRATION_MANAGER)
    managers = MIGRATED_MANAGERS | {lens.manager} | ({named} if named else set())
    return Claim(app.key, instance, frozenset(managers), project, destination, lens.tracking)


def refusal(live: LiveObject, claim: Claim) -> str | None:
    """Why this object may not be deleted in any case; None when all common proofs hold.

    Argo CD: CRDs, objects with owner references, and objects whose mark names another one are never managed.
    """
    if live.group_kind == CRD:
        return "custom resource definitions are never deleted by the way"
    if _is_application(live, claim.app):
        return "an application does not delete itself"
    if not live.uid or not live.resource_version:
        return "it was not read live"
    return _ownership(live, claim) or claim.project.refusal(live.key, claim.destination)


def deletion(live: LiveObject, propagation: Propagation, reason: str) -> Deletion:
    """The deletion of exactly the object that was read."""
    return Deletion(live, live.uid, live.resource_version, propagation, reason)


def _ownership(live: LiveObject, claim: Claim) -> str | None:
    if live.metadata.get("ownerReferences"):
        return "it is owned by another object"
    owner = owner_of(live, claim.tracking)
    if owner is None:
        return "it carries no tracking mark"
    if owner != claim.instance:
        return f"it belongs to {owner}"
    if not marks_itself(live, bool(live.key.namespace), claim.tracking):
        return "its tracking mark names another object"
    return None if _mark_is_ours(live, claim) else "its tracking mark was written by somebody else"


def _mark_is_ours(live: LiveObject, claim: Claim) -> bool:
    entries = live.metadata.get("managedFields") or ()
    place, field = mark_field(claim.tracking)
    return any(
        field in ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get(place, {})
        for entry in entries
        if entry.get("manager") in claim.managers
    )


def _is_application(live: LiveObject, app: AppKey) -> bool:
    group_kind, key = (live.key.group, live.key.kind), live.key
    return group_kind == (words.GROUP, "Application") and (key.namespace, key.name) == (app.namespace, app.name)
