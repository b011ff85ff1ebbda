"""`/metrics`: the fleet as its Applications say it, and how far behind the due set is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse, Response

from reconciler import metrics
from reconciler.api.cluster_metrics import ClusterCollector
from reconciler.errors import ReconcilerError
from reconciler.models.application import Application
from reconciler.services import Services

FLEET_AGE_S = 60.0
"""Scrapes share one list of the fleet for this long: a list of 10,000 Applications costs the server half a second."""

INFO_LABELS = (
    "namespace",
    "name",
    "project",
    "autosync_enabled",
    "repo",
    "dest_server",
    "dest_namespace",
    "sync_status",
    "health_status",
    "operation",
)


def metrics_routes(services: Services) -> APIRouter:
    """The route, bound to the services of this process."""
    router = APIRouter()
    registry = CollectorRegistry()
    registry.register(FleetCollector(services))
    registry.register(ClusterCollector(services.readers.clusters))

    @router.get("/metrics")
    async def scrape() -> Response:
        try:
            body = await asyncio.to_thread(_scrape, services, registry)
        except ReconcilerError as error:
            # No figures rather than old ones: a scrape that fails is what alerts look at.
            return PlainTextResponse(f"{error}\n", status_code=503)
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    return router


class FleetCollector(Collector):
    """`argocd_app_info`, from a list of the Applications that is a minute old at most."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._rows: list[tuple[str, ...]] = []
        self._listed_at = float("-inf")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("argocd_app_info", "One row an Application, always 1.", labels=INFO_LABELS)
        for row in self._fresh_rows():
            family.add_metric(row, 1)
        yield family

    def _fresh_rows(self) -> list[tuple[str, ...]]:
        with self._lock:
            if time.monotonic() - self._listed_at > FLEET_AGE_S:
                self._rows = [_row(app) for app in self._services.readers.catalog.applications()]
                self._listed_at = time.monotonic()
            return self._rows


def _scrape(services: Services, registry: CollectorRegistry) -> bytes:
    for lane, stats in services.due.stats().items():
        metrics.due_entries.labels(lane).set(stats.due)
        metrics.due_lag_seconds.labels(lane).set(stats.lag_s)
        metrics.issued_entries.labels(lane).set(stats.issued)
    return generate_latest(REGISTRY) + generate_latest(registry)


def _row(app: Application) -> tuple[str, ...]:
    """Labels in the order of INFO_LABELS; `operation` is the kind of one under way, else empty."""
    spec, status = app.spec, app.status
    sources = spec.all_sources
    return (
        app.metadata.namespace,
        app.metadata.name,
        spec.project,
        str(spec.automated is not None).lower(),
        sources[0].repo_url if sources else "",
        spec.destination.server or spec.destination.name,
        spec.destination.namespace,
        status.sync.status or "Unknown",
        status.health.status or "Unknown",
        "sync" if app.operation else "delete" if app.is_deleting else "",
    )
