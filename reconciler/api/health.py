"""`/healthz`: this process answers. `/readyz`: what it needs answers too, and if not, what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from fastapi import APIRouter
from starlette.responses import JSONResponse, PlainTextResponse

from reconciler.errors import ReconcilerError
from reconciler.services import Services
from reconciler.store.client import require_noeviction


def health_routes(services: Services) -> APIRouter:
    """Both probes, bound to the services of this process."""
    router = APIRouter()
    needs: Mapping[str, Callable[[], object]] = {
        "redis": lambda: _redis(services),
        "control cluster": services.readers.catalog.settings_cm,
    }

    @router.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        faults = await asyncio.to_thread(_faults, needs)
        return JSONResponse({"ready": not faults, "faults": faults}, status_code=503 if faults else 200)

    return router


def _redis(services: Services) -> None:
    require_noeviction(services.stores.client)
    services.due.stats()


def _faults(needs: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    faults: dict[str, str] = {}
    for name, ask in needs.items():
        try:
            ask()
        except ReconcilerError as error:
            faults[name] = str(error)
    return faults
