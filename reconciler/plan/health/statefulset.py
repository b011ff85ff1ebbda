"""Health of an apps/v1 StatefulSet."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import count, is_unobserved, spec_of, status_of, text


def stateful_set(body: JsonObject) -> Health:
    """Argo CD: pods must be ready, then the roll-out complete down to its partition."""
    status, wanted = status_of(body), spec_of(body).get("replicas")
    if count(status, "observedGeneration") == 0 or is_unobserved(body):
        return Health("Progressing", "Waiting for statefulset spec update to be observed...")
    ready = count(status, "readyReplicas")
    if wanted is not None and ready < wanted:
        return Health("Progressing", f"Waiting for {wanted - ready} pods to be ready...")
    return _rollout(body)


def _rollout(body: JsonObject) -> Health:
    status, strategy = status_of(body), spec_of(body).get("updateStrategy") or {}
    updated = count(status, "updatedReplicas")
    if strategy.get("type") == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
        return _partitioned(body, updated)
    if strategy.get("type") == "OnDelete":
        return Health("Healthy", f"statefulset has {count(status, 'readyReplicas')} ready pods")
    revision = text(status, "updateRevision")
    if revision != text(status, "currentRevision"):
        message = f"waiting for statefulset rolling update to complete {updated} pods at revision {revision}..."
        return Health("Progressing", message)
    current = count(status, "currentReplicas")
    return Health(
        "Healthy",
        f"statefulset rolling update complete {current} pods at revision {text(status, 'currentRevision')}...",
    )


def _partitioned(body: JsonObject, updated: int) -> Health:
    spec = spec_of(body)
    wanted, partition = spec.get("replicas"), spec["updateStrategy"]["rollingUpdate"].get("partition")
    if wanted is not None and partition is not None and updated < wanted - partition:
        return Health(
            "Progressing",
            "Waiting for partitioned roll out to finish: "
            f"{updated} out of {wanted - partition} new pods have been updated...",
        )
    return Health("Healthy", f"partitioned roll out complete: {updated} new pods have been updated...")
