"""From a whole ApplicationSet to the Applications that it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.generate.context import Context
from reconciler.generate.facts import Facts
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.forms import Filler, Form, form_of
from reconciler.generate.syntax import require_go_template
from reconciler.generate.template import application, merged, patched
from reconciler.generate.transform import kinds_of, rows_of
from reconciler.generate.valid import faults_of
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.manifest import JsonObject

CHILDREN_LIMIT = 20_000
"""Applications of one set: a matrix of two wrong lists would else fill the control cluster."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What a set asks for. `faults` name, by application, what keeps some from being written; the others go on."""

    applications: Sequence[JsonObject]
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def sound(self) -> list[JsonObject]:
        """Those that may be written."""
        return [body for body in self.applications if body["metadata"]["name"] not in self.faults]

    @property
    def names(self) -> frozenset[str]:
        """All that are asked for, faulty ones included: none of these is deleted."""
        return frozenset(body["metadata"]["name"] for body in self.applications)


def generated(
    appset: ApplicationSet, facts: Facts, filler: Filler, *, namespace: str = "", new_globbing: bool = False
) -> Generated:
    """Expands a set. Raises SpecError for what is wrong, and what facts raise; then nothing may be changed.

    `filler` fills Go templates; `namespace` counts where the set names none.
    """
    spec = appset.raw.get("spec") or appset.spec.to_json()
    form = form_of(appset.spec.go_template, appset.spec.go_template_options, filler)
    if not form.is_go:
        named = {f"spec.{name}": spec.get(name) for name in ("generators", "template", "templatePatch")}
        require_go_template(named)
    context = Context(facts, form, appset.metadata.name, rows_of, new_globbing)
    place = appset.metadata.namespace or namespace
    bodies = [body for generator in appset.spec.generators for body in _of(generator, spec, context, place)]
    if len(bodies) > CHILDREN_LIMIT:
        raise GeneratorFault(f"the generators ask for {len(bodies)} Applications, and {CHILDREN_LIMIT} are the limit")
    return Generated(bodies, faults_of(bodies, appset.metadata.name))


def _of(generator: JsonObject, spec: JsonObject, context: Context, namespace: str) -> Iterator[JsonObject]:
    kinds = kinds_of(generator)
    for kind in kinds:
        own = {kind: generator[kind], "selector": generator.get("selector")}
        ((*rows,),) = rows_of(own, context)
        given = generator[kind].get("template") or {}
        template = merged(given, spec.get("template") or {})
        bodies = _filled(template, rows, spec, context.form, namespace)
        patch = spec.get("templatePatch") or ""
        if patch and bodies:
            texts = context.form.fill(patch, rows)
            bodies = [patched(body, text) for body, text in zip(bodies, texts, strict=True)]
        yield from bodies


def _filled(
    template: JsonObject, rows: Sequence[dict[str, Any]], spec: JsonObject, form: Form, namespace: str
) -> list[JsonObject]:
    policy = spec.get("syncPolicy") or {}
    preserve = bool(policy.get("preserveResourcesOnDeletion"))
    return [application(one, namespace, preserve=preserve) for one in form.fill(template, rows)]
