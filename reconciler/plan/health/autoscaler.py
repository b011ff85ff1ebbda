"""Health of an autoscaling HorizontalPodAutoscaler, v1 and v2."""

from __future__ import annotations

from typing import Final

import orjson

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import conditions, text

V1_CONDITIONS: Final = "autoscaling.alpha.kubernetes.io/conditions"
"""Annotation in which v1 carries the conditions as JSON."""

DEGRADED: Final = frozenset({
    ("AbleToScale", "FailedGetScale"),
    ("AbleToScale", "FailedUpdateScale"),
    ("ScalingActive", "FailedGetResourceMetric"),
    ("ScalingActive", "FailedGetObjectMetric"),
    ("ScalingActive", "FailedGetPodsMetric"),
    ("ScalingActive", "FailedGetExternalMetric"),
    ("ScalingActive", "FailedComputeMetricsReplicas"),
    ("ScalingActive", "InvalidSelector"),
})  # fmt: skip
HEALTHY: Final = frozenset({"AbleToScale", "ScalingLimited"})


def autoscaler(body: JsonObject) -> Health:
    """Argo CD: the first condition that says something decides."""
    for condition in _conditions(body):
        if (condition.get("type"), condition.get("reason")) in DEGRADED:
            return Health("Degraded", text(condition, "message"))
        if condition.get("type") in HEALTHY and condition.get("status") == "True":
            return Health("Healthy", text(condition, "message"))
    return Health("Progressing", "Waiting to Autoscale")


def _conditions(body: JsonObject) -> list[JsonObject]:
    if body.get("apiVersion") != "autoscaling/v1":
        return list(conditions(body))
    written = ((body.get("metadata") or {}).get("annotations") or {}).get(V1_CONDITIONS)
    try:
        entries = orjson.loads(written) if written else []
    except orjson.JSONDecodeError:
        return []
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
