"""Health of an apps/v1 Deployment."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import conditions, count, is_unobserved, spec_of, status_of

WAITING = "Waiting for rollout to finish:"


def deployment(body: JsonObject) -> Health:
    """Argo CD: paused is Suspended; a missed progress deadline is Degraded; an unfinished roll-out is Progressing."""
    if spec_of(body).get("paused"):
        return Health("Suspended", "Deployment is paused")
    if is_unobserved(body):
        return Health("Progressing", f"{WAITING} observed deployment generation less than desired generation")
    if any(_is_past_deadline(condition) for condition in conditions(body)):
        return Health("Degraded", f'Deployment "{body["metadata"].get("name", "")}" exceeded its progress deadline')
    return _rollout(body)


def _is_past_deadline(condition: JsonObject) -> bool:
    return condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded"


def _rollout(body: JsonObject) -> Health:
    status = status_of(body)
    wanted, total = spec_of(body).get("replicas"), count(status, "replicas")
    updated, available = count(status, "updatedReplicas"), count(status, "availableReplicas")
    if wanted is not None and updated < wanted:
        return Health("Progressing", f"{WAITING} {updated} out of {wanted} new replicas have been updated...")
    if total > updated:
        return Health("Progressing", f"{WAITING} {total - updated} old replicas are pending termination...")
    if available < updated:
        return Health("Progressing", f"{WAITING} {available} of {updated} updated replicas are available...")
    return Health("Healthy")
