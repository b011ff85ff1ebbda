"""Flower, read-only and behind a login that nobody chose: it shows workers and tasks, and can change neither."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from celery import Celery

from reconciler.settings import Settings
from workers.app import celery_app

REMEMBERED_TASKS = 10_000
"""About 4.5 KiB each: Flower's own default of 100,000 would cost 450 MiB."""

PASSWORD_FILE = "flower-password"  # noqa: S105  # a file's name


def password(settings: Settings) -> str:
    """The configured password, else the one generated at the first start (0600, in the data folder, printed once)."""
    given = settings.flower_password.get_secret_value()
    if given:
        return given
    path = settings.data_dir / PASSWORD_FILE
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(24))
        # Flushed: it would lie in a buffer until the process ends wherever the output is a file.
        print(f"Flower: log in as {settings.flower_user}, password {path.read_text()} (kept in {path})", flush=True)
    return path.read_text()


def arguments(settings: Settings) -> list[str]:
    """Flower's command line; handed over inside the process, so the password is in no process list."""
    return [
        "flower",
        "--address=127.0.0.1",
        f"--port={settings.flower_port}",
        f"--basic-auth={settings.flower_user}:{password(settings)}",
        "--read-only",
        "--inspect-timeout=2000",
        f"--max-tasks={REMEMBERED_TASKS}",
        "--tasks-columns=name,args,state,received,runtime,worker",
        "--purge-offline-workers=60",
        # Our settings come from one place: a stray configuration file in the working folder is not read.
        f"--conf={os.devnull}",
    ]


def run(app: Celery, settings: Settings) -> None:
    """Serves until SIGTERM. Its `/metrics` asks for no login, which is why it never listens beyond loopback."""
    for name in [name for name in os.environ if name.startswith("FLOWER_")]:
        del os.environ[name]
    sys.argv = ["flower"]
    app.start(argv=arguments(settings))


def _write_once(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def main(settings: Settings) -> int:
    """Serves until SIGTERM; the exit code. Raises ConfigurationError."""
    app = celery_app(settings)
    # Flower shows queues only of transports that it knows by name; it takes no task, so the stock one will do.
    app.conf.broker_transport = None
    run(app, settings)
    return 0
