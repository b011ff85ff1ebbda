"""A plan from files alone: what a pass would decide, with the cluster as it was when somebody wrote it down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from reconciler.models.application import Application
from reconciler.models.customizations import customizations_of
from reconciler.models.filters import filters_of
from reconciler.models.keys import Revision
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Desired, Observed, Reading, ServedKind, Surface
from reconciler.models.project import AppProject
from reconciler.models.source import Destination
from reconciler.models.tracking import tracking_of
from reconciler.plan.build import build_plan
from reconciler.plan.desired import CREATE_NAMESPACE, admitted, finalize
from reconciler.plan.lens import Lens
from reconciler.plan.order import NAMESPACE, defined_kinds
from reconciler.plan.ownership import owned_fields_equal
from reconciler.plan.permissions import ProjectRules
from reconciler.plan.schema.scopes import CLUSTER_SCOPED
from reconciler.plan.steps import Plan, Policy
from reconciler.plan.threeway import estimated
from reconciler.plan.tracking import owner_of
from reconciler.plan.way import asked_of

ANY_PROJECT: Final = AppProject.parse(
    {
        "metadata": {"name": "default"},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "name": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            "sourceNamespaces": ["*"],
        },
    }
)
"""Stands where no project is given: it permits everything."""


@dataclass(frozen=True, slots=True)
class Files:
    """What lies in the files. `desired` is what was rendered, `live` what the cluster holds, with managedFields.

    `control_namespace`: Applications elsewhere carry it in their names inside marks. `revision` is what the comparison
    is said to be of.
    """

    app: Application
    desired: Sequence[JsonObject]
    live: Sequence[JsonObject] = ()
    project: AppProject = ANY_PROJECT
    settings: Mapping[str, str] = field(default_factory=dict)
    control_namespace: str = ""
    revision: str = ""


def plan_offline(files: Files, *, now: datetime) -> Plan:
    """Decides one pass. Differences are estimated, as in shadow. Raises SpecError for what cannot be placed or read."""
    app = files.app
    control = files.control_namespace or app.key.namespace
    instance = app.key.instance(control)
    lens = Lens(
        customizations_of(files.settings), tracking=tracking_of(files.settings), filters=filters_of(files.settings)
    )
    wanted = app.spec.destination
    bodies, left_out = admitted(files.desired, lens.filters, wanted.server)
    manifests, conditions = finalize(bodies, app, surface_of(files), instance=instance, lens=lens)
    desired = Desired(manifests, _revisions(files), ("",) * len(app.spec.all_sources), (*left_out, *conditions))
    policy = Policy(
        may_write=True,
        may_record=True,
        manager=lens.manager,
        control_namespace=control,
        instance=instance,
        project=ProjectRules.of(files.project),
        # What is not said is what a project may ask for by any name.
        destination=Destination(server=wanted.server, name=wanted.name, namespace=wanted.namespace),
        lens=lens,
    )
    return build_plan(app, desired, _observed(files, manifests, instance, lens), policy, now=now)


def surface_of(files: Files) -> Surface:
    """Kinds without a namespace: the built-in ones, those that definitions say, and those that live objects show."""
    manifests = [Manifest(body) for body in (*files.desired, *files.live)]
    defined = defined_kinds(manifests)
    bare = {item.group_kind for item in _lives(files) if not item.key.namespace}
    seen = bare - {item.group_kind for item in _lives(files) if item.key.namespace}
    without = CLUSTER_SCOPED | seen | {kind for kind, namespaced in defined.items() if not namespaced}
    return Surface("", {kind: ServedKind(("v1",), "", False, frozenset()) for kind in without})


def _observed(files: Files, manifests: Sequence[Manifest], instance: str, lens: Lens) -> Observed:
    found = {item.key: item for item in _lives(files)}
    readings = {manifest.key: _reading(manifest, found.get(manifest.key), lens) for manifest in manifests}
    ours = {key: item for key, item in found.items() if owner_of(item, lens.tracking) == instance}
    extra = {key: item for key, item in ours.items() if key not in readings}
    return Observed(readings, extra, namespaces_missing=_missing(files.app, found.values()))


def _reading(manifest: Manifest, live: LiveObject | None, lens: Lens) -> Reading:
    if live is None:
        return Reading("absent")
    if live.api_version != manifest.api_version:
        return Reading("none", live, error=f"the file has it as {live.api_version}, which cannot be compared")
    if owned_fields_equal(manifest, live, lens.manager):
        return Reading("owned-fields", live)
    return Reading("estimated", live, estimated(manifest, live, manager=lens.manager))


def _missing(app: Application, lives: Iterable[LiveObject]) -> frozenset[str]:
    """The destination namespace, where it has to be created and nothing says that it is there."""
    name = app.spec.destination.namespace
    there = {item.key.name if item.group_kind == NAMESPACE else item.key.namespace for item in lives}
    return frozenset({name} if CREATE_NAMESPACE in asked_of(app).sync_options and name not in there else ())


def _lives(files: Files) -> list[LiveObject]:
    return [LiveObject(body) for body in files.live]


def _revisions(files: Files) -> tuple[Revision, ...]:
    """The revision given, else what the last comparison was made at: of one that was tried, no new sync begins."""
    status = files.app.status.sync
    known = status.revisions or ((status.revision,) if status.revision else ())
    count = max(1, len(files.app.spec.all_sources))
    return tuple(Revision(files.revision or text) for text in (known if len(known) == count else ("HEAD",) * count))
