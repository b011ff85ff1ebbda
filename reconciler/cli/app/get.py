"""`app get`: where an Application stands, what differs, since when, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Final

import typer

from reconciler.cli.app.fresh import compared_if_possible
from reconciler.cli.app.naming import AppName
from reconciler.cli.app.words import place, policy_line, revision_of, since, source_line
from reconciler.cli.commands import command
from reconciler.cli.control import Control, connect, happened_at, now
from reconciler.cli.output import OutputOption, dump, facts, note, say
from reconciler.cli.where import Where
from reconciler.errors import ReconcilerError
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.plan.compare import Comparison
from reconciler.plan.progress import age, explain
from reconciler.plan.times import instant_of

LATELY: Final = timedelta(minutes=15)
MOST_EVENTS: Final = 5


@command("reconciler app get orders-east", "reconciler app get orders-east --recorded -o yaml")
def get(
    name: AppName,
    where: Where,
    output: OutputOption = "text",
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Only what the controller wrote down; compare nothing here.")
    ] = False,
) -> None:
    """Show an Application: verdicts, differences by field, the last operation, and what comes next."""
    with connect(where) as control:
        app = control.application(name)
        if output != "text":
            dump(app.to_json(), output)
            return
        facts(_facts(app))
        lines = explain(app, None if recorded else _fresh(control, app), now=now())
        happened = _recent(control, app, now())
        say(*(["", *lines] if lines else []), *(["", "Lately:", *happened] if happened else []))


def _facts(app: Application) -> Iterator[tuple[str, str]]:
    status, instant = app.status, now()
    checked = since(status.reconciled_at, instant)
    yield "Name", str(app.key)
    yield "Project", app.spec.project
    yield "Destination", place(app.spec.destination)
    for source in app.spec.all_sources:
        yield "Source", source_line(source)
    yield "Policy", policy_line(app)
    revision = revision_of(app)
    yield "Sync", (status.sync.status or "Unknown") + (f" at {revision}" if revision else "")
    yield "Health", status.health.status or "Unknown"
    yield "Objects", str(len(status.resources) or "")
    yield "Compared", f"{checked} ago" if checked else "never"
    yield "Refresh", f"requested ({kind})" if (kind := app.metadata.annotations.get(words.REFRESH)) else ""


def _recent(control: Control, app: Application, instant: datetime) -> list[str]:
    """What was done to it lately; nothing where events may not be read, for they are only told by the way."""
    try:
        events = control.events(app)
    except ReconcilerError:
        return []
    since_s = [(event, instant_of(happened_at(event))) for event in events]
    lately = [(event, at) for event, at in since_s if at and instant - at < LATELY][-MOST_EVENTS:]
    return [f"  {age((instant - at).total_seconds())} ago  {event.get('message', '')}" for event, at in lately]


def _fresh(control: Control, app: Application) -> Comparison | None:
    """What differs at this moment; None where that cannot be told from here, so that the record has to do."""
    seen, why_not = compared_if_possible(control, app)
    if seen is None and app.status.sync.status != "Synced":
        note(f"not compared from here ({why_not}); this is what the controller recorded")
    return seen.comparison if seen else None
