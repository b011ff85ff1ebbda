"""Health of an apps/v1 DaemonSet."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import count, is_unobserved, spec_of, status_of


def daemon_set(body: JsonObject) -> Health:
    """Argo CD: every wanted pod must be updated and available; OnDelete is always Healthy."""
    if is_unobserved(body):
        message = "Waiting for rollout to finish: observed daemon set generation less than desired generation"
        return Health("Progressing", message)
    status = status_of(body)
    wanted, updated = count(status, "desiredNumberScheduled"), count(status, "updatedNumberScheduled")
    available = count(status, "numberAvailable")
    if (spec_of(body).get("updateStrategy") or {}).get("type") == "OnDelete":
        return Health("Healthy", f"daemon set {updated} out of {wanted} new pods have been updated")
    waiting = f'Waiting for daemon set "{body["metadata"].get("name", "")}" rollout to finish:'
    if updated < wanted:
        return Health("Progressing", f"{waiting} {updated} out of {wanted} new pods have been updated...")
    if available < wanted:
        return Health("Progressing", f"{waiting} {available} of {wanted} updated pods are available...")
    return Health("Healthy")
