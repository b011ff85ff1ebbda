"""`app diff`: field by field, what a sync would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from reconciler.cli.app.fresh import compared
from reconciler.cli.app.naming import AppName
from reconciler.cli.commands import command
from reconciler.cli.control import connect, now
from reconciler.cli.output import OutputOption, dump, say
from reconciler.cli.problems import FAILED, TIMED_OUT, Problem
from reconciler.cli.where import Where
from reconciler.errors import ReconcilerError
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.plan.compare import Comparison, ObjectComparison
from reconciler.plan.progress import ABSENT, age
from reconciler.plan.times import instant_of


@dataclass(frozen=True, slots=True)
class Against:
    """What is compared with the cluster, and how the answer is given."""

    revision: Annotated[str, typer.Option(help="Compare with this revision instead of the target revision.")] = ""
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when something differs, 2 when that cannot be told.")
    ] = False


@command(
    "reconciler app diff orders-east",
    "reconciler app diff orders-east --revision feature/five-replicas",
    "reconciler app diff orders-east --exit-code -o json",
)
def diff(name: AppName, where: Where, against: Against, output: OutputOption = "text") -> None:
    """Compare an Application now, from here, and show what a sync would change. Nothing is written anywhere."""
    with connect(where) as control:
        app = control.application(name)
        try:
            comparison = _decided(app, compared(control, at(app, against.revision)).comparison)
        except ReconcilerError as error:
            raise Problem(str(error), code=TIMED_OUT if against.exit_code else FAILED) from error
        differing = [item for item in comparison.objects if item.sync not in (None, "Synced")]
        if output != "text":
            dump({"sync": comparison.sync, "objects": [to_json(item) for item in differing]}, output)
        else:
            say(*(line for item in differing for line in lines_of(item, now())))
        if differing and against.exit_code:
            raise typer.Exit(verdict_code(differing))


def verdict_code(differing: Sequence[ObjectComparison]) -> int:
    """The exit code where not everything is Synced: a difference that is known counts, doubt only without one."""
    return FAILED if any(item.sync == "OutOfSync" for item in differing) else TIMED_OUT


def at(app: Application, revision: str) -> Application:
    """The same Application with another target revision, in memory only."""
    spec = app.spec
    if revision and spec.source and not spec.sources:
        spec = spec.model_copy(update={"source": spec.source.model_copy(update={"target_revision": revision})})
    elif revision:
        raise Problem(f"application {app.key} has {len(spec.sources)} sources, --revision can name only one")
    return app.model_copy(update={"spec": spec})


def to_json(item: ObjectComparison) -> JsonObject:
    """One object that differs, for programs."""
    key = item.key
    return {
        "group": key.group,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "sync": item.sync,
        "requiresPruning": item.requires_pruning,
        "reason": item.reason,
        "differences": [
            {
                "path": found.path,
                "live": found.live,
                "desired": found.desired,
                "manager": found.manager,
                "changedAt": found.changed_at,
            }
            for found in item.differences
        ],
    }


def lines_of(item: ObjectComparison, instant: datetime) -> Iterator[str]:
    """One object: `+` would be created, `-` is not desired, `~` differs, `?` cannot be told."""
    yield f"{_sign(item)} {item.key}" + ("" if item.differences else f"  {item.reason}")
    for found in item.differences:
        by = ", ".join(filter(None, (found.manager, _ago(found.changed_at, instant))))
        live, desired = found.live or ABSENT, found.desired or ABSENT
        yield f"    {found.path}: live={live} desired={desired}" + (f"  ({by})" if by else "")


def _sign(item: ObjectComparison) -> str:
    if item.sync == "Unknown":
        return "?"
    if item.requires_pruning:
        return "-"
    return "+" if item.live is None else "~"


def _ago(text: str | None, instant: datetime) -> str:
    changed = instant_of(text or "")
    return f"{age((instant - changed).total_seconds())} ago" if changed else ""


def _decided(app: Application, comparison: Comparison) -> Comparison:
    if comparison.sync == "Unknown" and not comparison.objects:
        why = "; ".join(item.message for item in comparison.conditions) or "nothing could be compared"
        raise Problem(f"application {app.key}: {why}")
    return comparison
