"""`app explain-render`: why the sources of an Application are rendered, or not."""

from __future__ import annotations

from reconciler.cli import explaining
from reconciler.cli.app.fresh import readers_of
from reconciler.cli.app.naming import AppName
from reconciler.cli.commands import command
from reconciler.cli.control import connect, now
from reconciler.cli.output import OutputOption, dump, note
from reconciler.cli.where import Where
from reconciler.errors import StoreUnavailable
from reconciler.models.application import Application
from reconciler.passes.explaining import Explained, explain
from reconciler.services import build_stores
from reconciler.settings import Settings


@command("reconciler app explain-render orders-east", "reconciler app explain-render orders-east -o json")
def explain_render(name: AppName, where: Where, output: OutputOption = "text") -> None:
    """Render an Application's sources from here, and tell what was read, the key, hit or miss, and why."""
    with connect(where) as control:
        told = _explained(control.settings, control.application(name).model_copy(update={"operation": None}))
    if output != "text":
        dump([explaining.to_json(one.explanation, one.binding) for one in told], output)
        return
    for one in told:
        explaining.show(one.explanation, one.binding)


def _explained(settings: Settings, app: Application) -> tuple[Explained, ...]:
    """With the workers' cache where its root key is at hand, else by rendering afresh."""
    blobs = build_stores(settings).blobs if settings.root_key.get_secret_value() else None
    if blobs is None:
        note("the workers' cache cannot be read without RECONCILER_ROOT_KEY: everything is rendered afresh")
    try:
        with readers_of(settings, blobs) as readers:
            return explain(app, readers, now=now())
    except StoreUnavailable as error:
        note(f"the workers' cache cannot be reached ({error}): everything is rendered afresh")
        with readers_of(settings) as readers:
            return explain(app, readers, now=now())
