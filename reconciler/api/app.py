"""The HTTP application: its routes on one page."""

from __future__ import annotations

from fastapi import FastAPI

from reconciler.api.health import health_routes
from reconciler.api.metrics import metrics_routes
from reconciler.api.webhook import webhook_routes
from reconciler.services import Services


def create_app(services: Services) -> FastAPI:
    """The application, bound to the services of this process."""
    app = FastAPI(title="reconciler", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.include_router(webhook_routes(services))
    app.include_router(health_routes(services))
    app.include_router(metrics_routes(services))
    return app
