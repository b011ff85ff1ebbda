"""`python -m reconciler.api`: the process behind `reconciler api`."""

from __future__ import annotations

import uvicorn

from reconciler.api.app import create_app
from reconciler.logs import configure_logging
from reconciler.services import build_services
from reconciler.settings import Settings


def main() -> None:
    """Serves until SIGTERM."""
    settings = Settings()
    configure_logging(settings.log_level, as_json=settings.log_json)
    services = build_services(settings)
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


if __name__ == "__main__":
    main()
