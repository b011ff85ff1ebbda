"""`python -m workers ROLE`: one process of one role, until SIGTERM."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping

from reconciler.errors import ConfigurationError, StoreUnavailable
from reconciler.liveness import liveness
from reconciler.logs import configure_logging
from reconciler.settings import Settings

DOORS: Mapping[str, str] = {
    "beat": "workers.beat",
    "worker": "workers.worker",
    "observe": "workers.observer",
    "flower": "workers.flower",
}
"""Role → module with `main(settings) -> int`; imported by name, so that no role pays for another's imports."""

EXIT_USAGE = 64
EXIT_CONFIGURATION = 78
EXIT_UNAVAILABLE = 75
"""Whoever supervises the process starts it again."""


def main(arguments: list[str]) -> int:
    """Runs a role; the exit code."""
    if len(arguments) != 1 or arguments[0] not in DOORS:
        print(f"usage: python -m workers {'|'.join(DOORS)}", file=sys.stderr)
        return EXIT_USAGE
    role = arguments[0]
    try:
        settings = Settings()
        configure_logging(settings.log_level, as_json=settings.log_json)
        with liveness.shown(settings.data_dir, role):
            return int(importlib.import_module(DOORS[role]).main(settings))
    except ConfigurationError as error:
        print(f"{role} cannot start: {error}", file=sys.stderr)
        return EXIT_CONFIGURATION
    except StoreUnavailable as error:
        print(f"{role} cannot start yet: {error}", file=sys.stderr)
        return EXIT_UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
