"""`python -m workers.beat`: the process behind `reconciler beat`."""

from __future__ import annotations

import sys

from reconciler.logs import configure_logging
from reconciler.settings import Settings
from workers.process import run_beat


def main() -> int:
    """Sends what is due until SIGTERM; the exit code."""
    settings = Settings()
    configure_logging(settings.log_level, as_json=settings.log_json)
    return run_beat(settings)


if __name__ == "__main__":
    sys.exit(main())
