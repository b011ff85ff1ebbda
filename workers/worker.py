"""The worker's door: its services, and one pass for each kind of entry."""

from __future__ import annotations

import time

import structlog

from reconciler import metrics
from reconciler.expand import expand
from reconciler.models.keys import EntryKey, RepoUrl
from reconciler.models.result import ReconcileResult
from reconciler.reconcile import reconcile
from reconciler.refresh import refresh_source
from reconciler.services import Services, build_services
from reconciler.settings import Settings
from reconciler.store.client import require_noeviction
from reconciler.store.lease import Held
from workers.exposition import serve_metrics
from workers.process import Parts, run_worker

log = structlog.get_logger(__name__)


def main(settings: Settings) -> int:
    """Works until SIGTERM; the exit code. Raises ConfigurationError, StoreUnavailable."""
    services = build_services(settings)
    require_noeviction(services.stores.client)
    serve_metrics(settings)
    try:
        return run_worker(settings, _parts(services))
    finally:
        services.close()


def _parts(services: Services) -> Parts:
    def app_pass(entry: EntryKey, held: Held) -> None:
        started = time.monotonic()
        services.freshen()
        result = reconcile(entry.app_key, services, held, now=services.readers.clock())
        _publish(result, services, held, time.monotonic() - started)

    def repo_pass(entry: EntryKey, held: Held) -> None:
        services.freshen()
        held.next_due_s = refresh_source(RepoUrl(entry.name), services, held, now=services.readers.clock())

    def set_pass(entry: EntryKey, held: Held) -> None:
        services.freshen()
        expand(entry.app_key, services, held, now=services.readers.clock())

    return Parts(
        due=services.due,
        epoch=services.stores.epoch,
        queues=services.stores.queues,
        keyring=services.stores.keyring,
        passes={"app": app_pass, "repo": repo_pass, "appset": set_pass},
        everything=services.everything,
    )


def _publish(result: ReconcileResult, services: Services, held: Held, took_s: float) -> None:
    services.stores.results.publish(result, at=time.time())
    _count(result, held, took_s)
    log.info(
        "pass",
        application=str(result.app),
        lane=held.lane,
        verdict=result.verdict,
        sync=result.sync,
        health=result.health,
        phase=result.phase,
        wrote=len(result.objects),
        next_due_s=round(held.next_due_s, 1) if held.next_due_s is not None else None,
        why=result.why,
        took_ms=round(took_s * 1000, 1),
    )


def _count(result: ReconcileResult, held: Held, took_s: float) -> None:
    metrics.pass_total.labels(held.lane, result.verdict).inc()
    metrics.app_reconcile.labels(result.app.namespace, result.destination).observe(took_s)
    metrics.renders_total.inc(result.renders)
    if ended := result.ended:
        app = (result.app.namespace, result.app.name, ended.project, result.destination)
        metrics.app_sync_total.labels(*app, ended.phase, str(ended.dry_run).lower()).inc()
        metrics.app_sync_duration.labels(*app).inc(ended.took_s)
