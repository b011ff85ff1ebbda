"""`app refresh`: asks for a new comparison."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from reconciler.cli.app.naming import AppNames
from reconciler.cli.commands import command
from reconciler.cli.control import Control, connect, now
from reconciler.cli.output import say
from reconciler.cli.pointers import annotation_changes
from reconciler.cli.where import Where
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.plan.times import rfc3339


@command("reconciler app refresh orders-east", "reconciler app refresh orders-east --hard")
def refresh(
    names: AppNames,
    where: Where,
    hard: Annotated[bool, typer.Option("--hard", help="Render again instead of trusting the cache.")] = False,
) -> None:
    """Ask the controller to compare an Application again, now."""
    with connect(where) as control:
        for name in names:
            ask_for_refresh(control, control.application(name), hard=hard)
            say(f"application {name}: {'hard ' if hard else ''}refresh requested")


def ask_for_refresh(control: Control, app: Application, *, hard: bool = False) -> Application:
    """Sets the refresh annotation, and the time that lets the controller tell this request from the next."""
    return control.patch(app, refresh_patch(app, hard=hard, now=now()))


def refresh_patch(app: Application, *, hard: bool, now: datetime) -> list[dict[str, object]]:
    """JSON patch that asks for a refresh. Argo CD: the annotation, with `refresh-timestamp` beside it."""
    kind = words.REFRESH_HARD if hard else words.REFRESH_NORMAL
    return annotation_changes(app, {words.REFRESH: kind, words.REFRESH_TIMESTAMP: rfc3339(now)})
