"""The processes: each command becomes the process itself, so that signals and exit codes are its own.

They live above this package in the rings, so they are started by name and never imported.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from reconciler.cli.commands import command


def become(*words: str) -> NoReturn:
    """Replaces this process by `python -m` with these words."""
    os.execv(sys.executable, [sys.executable, "-m", *words])


@command("RECONCILER_REDIS_URL=redis://127.0.0.1:6379/0 reconciler beat")
def beat() -> None:
    """Run Celery beat: hands out what is due. Any number may run."""
    become("workers", "beat")


@command("RECONCILER_MANAGE=all RECONCILER_KUBECONFIG=control.kubeconfig reconciler worker")
def worker() -> None:
    """Run a Celery worker: compares and syncs Applications."""
    become("workers", "worker")


@command("RECONCILER_KUBECONFIG=control.kubeconfig reconciler observe")
def observe() -> None:
    """Run an observer: watches clusters, and makes Applications due when something changed."""
    become("workers", "observe")


@command("RECONCILER_API_PORT=8080 reconciler api")
def api() -> None:
    """Run the API: webhooks, health, metrics."""
    become("reconciler.api")


@command("RECONCILER_FLOWER_PORT=5555 reconciler flower")
def flower() -> None:
    """Run Flower on loopback: shows workers and tasks, read-only and behind a login."""
    become("workers", "flower")
