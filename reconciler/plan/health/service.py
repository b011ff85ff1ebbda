"""Health of a core/v1 Service."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import spec_of, status_of


def service(body: JsonObject) -> Health:
    """Argo CD: only a load balancer without an address has to be waited for."""
    if spec_of(body).get("type") != "LoadBalancer":
        return Health("Healthy")
    return Health("Healthy") if (status_of(body).get("loadBalancer") or {}).get("ingress") else Health("Progressing")
