"""Health of an Ingress."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import status_of


def ingress(body: JsonObject) -> Health:
    """Argo CD: Healthy once a load balancer has given it an address."""
    return Health("Healthy") if (status_of(body).get("loadBalancer") or {}).get("ingress") else Health("Progressing")
