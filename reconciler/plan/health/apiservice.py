"""Health of an apiregistration.k8s.io APIService."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import conditions, text


def api_service(body: JsonObject) -> Health:
    """Argo CD: Healthy once it is available."""
    for condition in conditions(body):
        if condition.get("type") == "Available":
            message = f"{text(condition, 'reason')}: {text(condition, 'message')}"
            return Health("Healthy" if condition.get("status") == "True" else "Progressing", message)
    return Health("Progressing", "Waiting to be processed")
