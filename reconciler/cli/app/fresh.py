"""A comparison made here and now, by the same code that a worker runs, without a write or a dry run anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.control import Control, now
from reconciler.errors import ReconcilerError
from reconciler.models.application import Application
from reconciler.passes.looking import Look, look
from reconciler.services import Readers, build_readers
from reconciler.settings import Settings
from reconciler.store.blobs import Blobs


@contextmanager
def readers_of(settings: Settings, blobs: Blobs | None = None) -> Iterator[Readers]:
    """What it takes to compare, with the caller's rights; `blobs` is the workers' cache, where it is to be used.

    Raises ConfigurationError where there is no renderer.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    readers = build_readers(settings.model_copy(update={"manage": "shadow"}), blobs)
    try:
        yield readers
    finally:
        readers.close()


def compared(control: Control, app: Application) -> Look:
    """One application compared with what its spec asks for. Raises ReconcilerError where that is not possible."""
    app = app.model_copy(update={"operation": None})
    with readers_of(control.settings) as readers:
        seen = look(app, readers, now=now())
    if seen.fault:
        raise seen.fault
    return seen


def compared_if_possible(control: Control, app: Application) -> tuple[Look | None, str]:
    """One application compared, or the reason why that is not possible from here."""
    try:
        return compared(control, app), ""
    except ReconcilerError as error:
        return None, str(error)
