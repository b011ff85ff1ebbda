"""`app terminate-op`: ends a running operation."""

from __future__ import annotations

from reconciler.cli.app.naming import AppName
from reconciler.cli.commands import command
from reconciler.cli.control import connect
from reconciler.cli.output import say
from reconciler.cli.pointers import test
from reconciler.cli.problems import Problem
from reconciler.cli.where import Where
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject

STATE = "/status/operationState"


@command("reconciler app terminate-op orders-east")
def terminate(name: AppName, where: Where) -> None:
    """End the running operation of an Application; what it has written stays."""
    with connect(where) as control:
        app = control.application(name)
        control.patch(app, terminate_patch(app))
        begun = _is_begun(app)
        say(
            f"application {name}: {'operation is being terminated' if begun else 'operation withdrawn before it began'}"
        )


def terminate_patch(app: Application) -> list[JsonObject]:
    """JSON patch that ends the operation under way, or takes back one that nobody has begun. Raises Problem."""
    state = app.status.operation_state
    if app.operation is None:
        raise Problem(f"application {app.key}: no operation is in progress")
    if state is not None and state.phase == words.TERMINATING:
        raise Problem(f"application {app.key}: its operation is being terminated already")
    if state is not None and not state.is_completed:
        same = test(f"{STATE}/startedAt", state.started_at)
        return [same, test(f"{STATE}/phase", state.phase), _set(f"{STATE}/phase", words.TERMINATING)]
    # Not begun: it is taken back, unless somebody begins it at this moment.
    return [test("/operation", app.raw["operation"]), _same_state(app), {"op": "remove", "path": "/operation"}]


def _same_state(app: Application) -> JsonObject:
    status = app.raw.get("status")
    if not isinstance(status, dict):
        return test("/status", None)
    return test(STATE, status.get("operationState"))


def _is_begun(app: Application) -> bool:
    state = app.status.operation_state
    return state is not None and not state.is_completed


def _set(path: str, value: str) -> JsonObject:
    return {"op": "replace", "path": path, "value": value}
