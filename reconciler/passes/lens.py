"""How a pass looks at live objects: by the settings of this moment, and with somebody to run their scripts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from reconciler.models.application import Application
from reconciler.models.customizations import customizations_of
from reconciler.models.filters import filters_of
from reconciler.models.manifest import LiveObject
from reconciler.models.observed import Observed
from reconciler.models.tracking import tracking_of
from reconciler.plan.ignore import IgnoreRules
from reconciler.plan.lens import Lens
from reconciler.plan.normalize import normalized
from reconciler.render.scripts import Task
from reconciler.services import Readers


def lens_of(readers: Readers, project: str) -> Lens:
    """The lens of a pass. Raises SpecError for settings that cannot be read, and what the catalog raises."""
    settings = readers.catalog.settings_cm()
    return Lens(
        customizations_of(settings),
        readers.settings.field_manager,
        tracking_of(settings),
        filters_of(settings),
        partial(readers.scripts.cut, project=project),
        partial(readers.scripts.call, project=project),
    )


def prepare(app: Application, observed: Observed, lens: Lens, readers: Readers) -> None:
    """Runs at once all scripts that comparing will ask for, so that it finds their outcomes.

    Raises what running them raises, RendererBusy among it: then nothing is known, which is nobody's fault.
    """
    rules = lens.rules(app.spec.ignore_differences)
    tasks = [*_cuts(observed, lens, rules), *_checks(observed, lens)]
    if tasks:
        readers.scripts.run(tasks, project=app.spec.project)


def _cuts(observed: Observed, lens: Lens, rules: IgnoreRules) -> Iterator[Task]:
    for key, reading in observed.readings.items():
        programs = rules.programs_for(key)
        if programs and reading.live and reading.predicted and reading.predicted is not reading.live.body:
            for body in (reading.live.body, reading.predicted):
                yield Task("jq", programs, normalized(body, lens.settings))


def _checks(observed: Observed, lens: Lens) -> Iterator[Task]:
    for live in _live(observed):
        script = lens.script_of(live.body)
        if script is not None:
            yield Task("lua", (script.text,), live.body, script.open_libs)


def _live(observed: Observed) -> Iterator[LiveObject]:
    yield from (reading.live for reading in observed.readings.values() if reading.live)
    yield from observed.extra.values()
