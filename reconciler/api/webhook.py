"""`POST /api/webhook`: a push makes its repositories due at once. Answered before anything is fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from reconciler import metrics
from reconciler.api.body import BodyRefused, bounded_body
from reconciler.errors import ReconcilerError
from reconciler.models.keys import EntryKey, RepoUrl
from reconciler.services import Services
from reconciler.sources import same_repository
from reconciler.store.due import Request as DueRequest
from reconciler.webhooks import MAX_BODY_BYTES, PushEvent, WebhookRefused, provider_of, receive

log = structlog.get_logger(__name__)


def webhook_routes(services: Services) -> APIRouter:
    """The route, bound to the services of this process."""
    router = APIRouter()

    @router.post("/api/webhook")
    async def webhook(request: Request) -> JSONResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            body = await bounded_body(request, MAX_BODY_BYTES)
            status, answer = await asyncio.to_thread(_handle, services, headers, body)
        except BodyRefused as error:
            status, answer = error.status, {"error": str(error)}
        metrics.webhook_requests_total.labels(provider_of(headers), str(status)).inc()
        return JSONResponse(answer, status_code=status)

    return router


def _handle(services: Services, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, object]]:
    try:
        event = receive(headers, body, services.readers.catalog.webhook_secrets())
        if not isinstance(event, PushEvent):
            return 200, {"event": event.event, "repositories": []}
        affected = _request(services, event)
    except WebhookRefused as error:
        return error.status, {"error": str(error)}
    except ReconcilerError as error:
        # Nothing was requested: the sender is told to come again, so that no push is lost silently.
        log.warning("webhook not taken", reason=str(error))
        return 503, {"error": "not ready, send it again"}
    log.info("webhook taken", provider=event.provider, ref=event.ref, repositories=len(affected))
    return 200, {"event": "push", "repositories": affected}


def _request(services: Services, event: PushEvent) -> Sequence[RepoUrl]:
    known = services.stores.readindex.repositories()
    affected = [repo for repo in known if any(same_repository(repo, url) for url in event.repo_urls)]
    services.due.request_many([DueRequest(EntryKey("repo", repo), lane="push") for repo in affected])
    return affected
