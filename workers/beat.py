"""Beat's door."""

from __future__ import annotations

from reconciler.settings import Settings
from workers.process import run_beat


def main(settings: Settings) -> int:
    """Sends what is due until SIGTERM; the exit code. Raises ConfigurationError."""
    return run_beat(settings)
