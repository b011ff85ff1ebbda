"""Metrics of a worker or an observer, for a scraper on the same host."""

from __future__ import annotations

from prometheus_client import start_http_server

from reconciler.settings import Settings


def serve_metrics(settings: Settings) -> None:
    """Serves `/metrics` on loopback from a thread of its own, where a port is set: it asks for no login."""
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
