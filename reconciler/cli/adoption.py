"""`adopt` and `release`: Applications change hands between Argo CD and us, one by one or by project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from reconciler.cli.app.naming import AppName
from reconciler.cli.commands import command, group
from reconciler.cli.control import Control, connect
from reconciler.cli.output import complain, say
from reconciler.cli.problems import FAILED, Problem
from reconciler.cli.where import Where
from reconciler.errors import ReconcilerError
from reconciler.models.application import Application
from reconciler.models.honoured import unhonoured_fields
from reconciler.plan.adoption import Handover, Refusal, adoption, release

Decide = Callable[[Control, Application], Handover]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
ProjectName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the AppProject.")]

_HERE = "reconciler.cli.adoption"

adopt = group(
    "Take Applications over from Argo CD: we write them, its controller leaves them alone (for manage=adopted).",
    {"application": f"{_HERE}:adopt_application", "project": f"{_HERE}:adopt_project"},
)
give_back = group(
    "Give Applications back to Argo CD: removes what `adopt` has set, and nothing else.",
    {"application": f"{_HERE}:release_application", "project": f"{_HERE}:release_project"},
)


@command("reconciler adopt application orders-east --dry-run", "reconciler adopt application orders-east")
def adopt_application(name: AppName, where: Where, dry_run: DryRun = False) -> None:
    """Take one Application over; refused while an operation runs."""
    with connect(where) as control:
        hand_over(control, [control.application(name)], _adopts, dry_run=dry_run)


@command("reconciler adopt project shop --dry-run", "reconciler adopt project shop")
def adopt_project(name: ProjectName, where: Where, dry_run: DryRun = False) -> None:
    """Take over every Application of a project; run it again to go on where it stopped."""
    with connect(where) as control:
        hand_over(control, of_project(control, name), _adopts, dry_run=dry_run)


@command("reconciler release application orders-east")
def release_application(name: AppName, where: Where, dry_run: DryRun = False) -> None:
    """Give one Application back; refused while an operation runs."""
    with connect(where) as control:
        hand_over(control, [control.application(name)], _releases, dry_run=dry_run)


@command("reconciler release project shop --dry-run", "reconciler release project shop")
def release_project(name: ProjectName, where: Where, dry_run: DryRun = False) -> None:
    """Give back every Application of a project; run it again to go on where it stopped."""
    with connect(where) as control:
        hand_over(control, of_project(control, name), _releases, dry_run=dry_run)


def hand_over(control: Control, apps: Sequence[Application], decide: Decide, *, dry_run: bool) -> None:
    """One patch for each Application; one that is refused does not stop the others, but the exit code tells."""
    failed = [app for app in apps if not _one(control, app, decide(control, app), dry_run=dry_run)]
    if failed:
        raise typer.Exit(FAILED)


def of_project(control: Control, name: str) -> Sequence[Application]:
    """The Applications of a project, by name. Raises Problem when there are none."""
    found = sorted((a for a in control.catalog.applications() if a.spec.project == name), key=lambda app: app.key)
    if not found:
        raise Problem(f"project {name} has no Applications", mend="reconciler app list shows the projects in use")
    return found


def _one(control: Control, app: Application, decided: Handover, *, dry_run: bool) -> bool:
    if isinstance(decided, Refusal):
        complain(f"application {app.key}: refused, {decided.why}")
        return False
    if decided.patch and not dry_run:
        try:
            control.patch(app, decided.patch)
        except ReconcilerError as error:
            complain(str(error))
            return False
    would = "would " if dry_run and decided.patch else ""
    say(f"application {app.key}: {would}{decided.says}")
    return True


def _adopts(control: Control, app: Application) -> Handover:
    return adoption(app, unhonoured_fields(app, control.catalog.settings_cm()))


def _releases(control: Control, app: Application) -> Handover:  # noqa: ARG001  # one signature for both
    return release(app)
