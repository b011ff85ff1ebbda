"""Argo Rollouts' Rollout: like a Deployment that may stop half-way on purpose."""

from __future__ import annotations

from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import conditions, count, spec_of, status_of, text

SOURCE: Final = "https://argo-rollouts.readthedocs.io/en/stable/features/specification/"

WORKLOAD: Final = "rollout.argoproj.io/workload-generation"
"""Annotation that counts the versions of a Deployment which the Rollout only refers to."""

FAILED: Final = frozenset({("Progressing", "RolloutAborted"), ("Progressing", "ProgressDeadlineExceeded")})
WAITING: Final = "Waiting for roll out to finish:"


def rollout(body: JsonObject) -> Health:
    """Argo CD: unseen, invalid or aborted, paused, then replicas, then whether traffic has moved over."""
    if not (_is_seen(body) and _is_workload_seen(body)):
        return Health("Progressing", "Waiting for rollout spec update to be observed")
    for condition in conditions(body):
        kind = text(condition, "type")
        if kind == "InvalidSpec" or (kind, text(condition, "reason")) in FAILED:
            return Health("Degraded", text(condition, "message"))
    if spec_of(body).get("paused") or status_of(body).get("pauseConditions"):
        return Health("Suspended", "Rollout is paused")
    if not status_of(body).get("currentPodHash"):
        return Health("Progressing", "Waiting for rollout to finish: status has not been reconciled.")
    return _replicas(body) or _traffic(body) or Health("Healthy")


def _replicas(body: JsonObject) -> Health | None:
    status = status_of(body)
    total, updated = count(status, "replicas"), count(status, "updatedReplicas")
    # Blue-green keeps the old replicas for a while on purpose.
    is_canary = (spec_of(body).get("strategy") or {}).get("canary") is not None
    if updated < count(spec_of(body), "replicas"):
        return Health("Progressing", f"{WAITING} More replicas need to be updated")
    if is_canary and total > updated:
        return Health("Progressing", f"{WAITING} old replicas are pending termination")
    if count(status, "availableReplicas") < updated:
        return Health("Progressing", f"{WAITING} updated replicas are still becoming available")
    return None


def _traffic(body: JsonObject) -> Health | None:
    status, strategy = status_of(body), spec_of(body).get("strategy") or {}
    current = text(status, "currentPodHash")
    stable = text(status, "stableRS") or text(status.get("canary") or {}, "stableRS")
    if strategy.get("blueGreen") is not None:
        if text(status.get("blueGreen") or {}, "activeSelector") != current:
            return Health("Progressing", "active service cutover pending")
        if stable and stable != current:
            return Health("Progressing", "waiting for analysis to complete")
    elif strategy.get("canary") is not None and stable != current:
        return Health("Progressing", f"{WAITING} waiting for all steps to complete")
    return None


def _is_seen(body: JsonObject) -> bool:
    """Its controller writes the generation as text; releases before 1.0 wrote a hash, which tells nothing."""
    status, generation = body.get("status"), count(body.get("metadata") or {}, "generation")
    if not isinstance(status, dict):
        return False
    seen = _number(status.get("observedGeneration"))
    return seen is None or seen >= generation


def _is_workload_seen(body: JsonObject) -> bool:
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    wanted, seen = _number(annotations.get(WORKLOAD)), _number(status_of(body).get("workloadObservedGeneration"))
    return not spec_of(body).get("workloadRef") or wanted is None or seen is None or wanted == seen


def _number(value: object) -> int | None:
    return int(str(value)) if str(value).isascii() and str(value).isdecimal() else None
