"""`python -m reconciler.api`: the process behind `reconciler api`."""

from __future__ import annotations

import sys
from contextlib import suppress

import uvicorn

from reconciler.api.app import create_app
from reconciler.errors import ConfigurationError, StoreUnavailable
from reconciler.logs import configure_logging
from reconciler.services import Services, build_services
from reconciler.settings import Settings
from reconciler.store.client import require_noeviction

EXIT_CONFIGURATION = 78


def main() -> int:
    """Serves until SIGTERM; the exit code."""
    try:
        settings = Settings()
        configure_logging(settings.log_level, as_json=settings.log_json)
        services = _services(settings)
    except ConfigurationError as error:
        print(f"api cannot start: {error}", file=sys.stderr)
        return EXIT_CONFIGURATION
    config = uvicorn.Config(
        create_app(services),
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=64 * 1024,
    )
    try:
        uvicorn.Server(config).run()
    finally:
        services.close()
    return 0


def _services(settings: Settings) -> Services:
    """Raises ConfigurationError. Redis may be down: then `/readyz` says so, and webhooks are told to come again."""
    services = build_services(settings)
    with suppress(StoreUnavailable):
        require_noeviction(services.stores.client)
    return services


if __name__ == "__main__":
    sys.exit(main())
