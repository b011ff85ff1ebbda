"""Health of an apps/v1 ReplicaSet."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import conditions, count, is_unobserved, spec_of, status_of, text

WAITING = "Waiting for rollout to finish:"


def replica_set(body: JsonObject) -> Health:
    """Argo CD: a replica failure is Degraded; fewer available than wanted is Progressing."""
    if is_unobserved(body):
        return Health("Progressing", f"{WAITING} observed replica set generation less than desired generation")
    for condition in conditions(body):
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return Health("Degraded", text(condition, "message"))
    wanted, available = spec_of(body).get("replicas"), count(status_of(body), "availableReplicas")
    if wanted is not None and available < wanted:
        return Health("Progressing", f"{WAITING} {available} out of {wanted} new replicas are available...")
    return Health("Healthy")
