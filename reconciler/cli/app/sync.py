"""`app sync`: writes an operation into an Application and follows it to its end."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from reconciler.cli.app.follow import Goal, Reached, follow
from reconciler.cli.app.naming import AppNames
from reconciler.cli.app.operations import RetryAsked, SyncAsked, start_patch, sync_operation
from reconciler.cli.commands import command
from reconciler.cli.control import Control, connect
from reconciler.cli.output import say
from reconciler.cli.where import Where
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject


@dataclass(frozen=True, slots=True)
class SyncFlags:
    """What to sync."""

    revision: Annotated[str, typer.Option(help="Sync to this revision instead of the target revision.")] = ""
    prune: Annotated[bool, typer.Option("--prune", help="Delete objects that are no longer desired.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False
    resource: Annotated[
        list[str] | None, typer.Option(help="Only this object, GROUP:KIND:[NAMESPACE/]NAME; may be repeated.")
    ] = None
    sync_option: Annotated[
        list[str] | None, typer.Option(help="Instead of the options in the spec; may be repeated.")
    ] = None
    info: Annotated[list[str] | None, typer.Option(help="NAME=VALUE kept with the operation.")] = None


@dataclass(frozen=True, slots=True)
class RetryFlags:
    """How often a failed attempt is repeated; by default as the spec says."""

    retry_limit: Annotated[int | None, typer.Option(help="Attempts after the first; below 0: without end.")] = None
    retry_backoff_duration: Annotated[str, typer.Option(help="First wait, such as 5s.")] = "5s"
    retry_backoff_factor: Annotated[int, typer.Option(help="Each wait is this many times the one before.")] = 2
    retry_backoff_max_duration: Annotated[str, typer.Option(help="Longest wait.")] = "3m"


@dataclass(frozen=True, slots=True)
class Patience:
    """Whether to wait for the end, and how long."""

    asynchronous: Annotated[bool, typer.Option("--async", help="Return as soon as it is requested.")] = False
    timeout: Annotated[float, typer.Option(help="Seconds until giving up with exit code 2.")] = 300.0


@command(
    "reconciler app sync orders-east",
    "reconciler app sync orders-east --prune --timeout 120",
    "reconciler app sync orders-east --resource apps:Deployment:orders/orders-api",
    "reconciler app sync orders-east --revision 3f2a9c1 --async",
)
def sync(names: AppNames, where: Where, flags: SyncFlags, retry: RetryFlags, patience: Patience) -> None:
    """Sync Applications and follow them: exit code 0, 1 when the operation failed, 2 when the time is over."""
    with connect(where) as control:
        apps = [control.application(name) for name in names]
        asked = _asked(flags, retry)
        operations = [sync_operation(app, asked, username=getpass.getuser()) for app in apps]
        request(control, apps, operations, patience)


def request(
    control: Control, apps: Sequence[Application], operations: Sequence[JsonObject], patience: Patience
) -> None:
    """Writes one operation into each Application, and follows them unless the caller does not want to wait."""
    patches = [start_patch(app, operation) for app, operation in zip(apps, operations, strict=True)]
    requested = []
    for app, patch in zip(apps, patches, strict=True):
        requested.append(control.patch(app, patch))
        say(f"application {app.key.name}: operation requested")
    if not patience.asynchronous:
        follow(control, requested, DONE, timeout_s=patience.timeout)


def operation_is_over(app: Application) -> Reached | None:
    """The operation is over when the controller has taken it away, which it does with the last word on it."""
    state = app.status.operation_state
    if app.operation is not None or state is None or not state.is_completed:
        return None
    return Reached(state.phase == words.SUCCEEDED, f"operation {state.phase}: {state.message}")


DONE = Goal("done with its operation", operation_is_over)


def _asked(flags: SyncFlags, retry: RetryFlags) -> SyncAsked:
    again = None
    if retry.retry_limit is not None:
        again = RetryAsked(
            retry.retry_limit,
            retry.retry_backoff_duration,
            retry.retry_backoff_factor,
            retry.retry_backoff_max_duration,
        )
    return SyncAsked(
        revision=flags.revision,
        prune=flags.prune,
        dry_run=flags.dry_run,
        resources=tuple(flags.resource or ()),
        options=tuple(flags.sync_option or ()),
        info=tuple(flags.info or ()),
        retry=again,
    )
