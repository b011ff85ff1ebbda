"""One folder a case: desired.yaml and live.yaml in, plan.txt out; readable without knowing the code.

`app.yaml`, where present, is laid over an Application named guestbook in project default with destination namespace
shop, which syncs by itself and prunes. Live objects are given as they matter: uid, resourceVersion and the ownership of
the tracking mark are filled in. `settings.yaml` is the data of argocd-cm. Verdicts are estimated, as in shadow.
RECONCILER_WRITE_CASES=1 writes plan.txt anew.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.errors import SpecError
from reconciler.models.application import Application
from reconciler.models.customizations import customizations_of
from reconciler.models.keys import GroupKind, Revision
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.observed import Condition, Desired, Observed, Reading, ServedKind, Surface
from reconciler.models.project import AppProject
from reconciler.models.result import Difference
from reconciler.models.source import Destination
from reconciler.models.words import TRACKING_ID
from reconciler.plan.build import build_plan
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.desired import finalize
from reconciler.plan.hooks import split
from reconciler.plan.lens import Lens
from reconciler.plan.migration import ARGOCD_MANAGER
from reconciler.plan.ownership import owned_fields_equal
from reconciler.plan.permissions import ProjectRules
from reconciler.plan.steps import Plan, Policy, Step
from reconciler.plan.tasks import wave_of
from reconciler.plan.threeway import estimated
from reconciler.plan.tracking import owner_of

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/plan.txt"))
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
REVISION = Revision("c0ffee" + "0" * 34)
SERVER = "https://one.example"
CLUSTER_KINDS = (
    GroupKind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    GroupKind("", "Namespace"),
    GroupKind("", "PersistentVolume"),
    GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"),
    GroupKind("rbac.authorization.k8s.io", "ClusterRole"),
    GroupKind("rbac.authorization.k8s.io", "ClusterRoleBinding"),
)
SURFACE = Surface("v1.36.0", {kind: ServedKind(("v1",), "", False, frozenset()) for kind in CLUSTER_KINDS})

AN_APP: JsonObject = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "guestbook", "namespace": "argocd", "uid": "app-uid"},
    "spec": {
        "project": "default",
        "source": {"repoURL": "https://git.example/fleet.git", "path": "guestbook", "targetRevision": "main"},
        "destination": {"server": SERVER, "namespace": "shop"},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
    },
}
A_PROJECT: JsonObject = {
    "kind": "AppProject",
    "metadata": {"name": "default", "namespace": "argocd"},
    "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    },
}


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_plan_of_the_case_is_as_written(folder: Path) -> None:
    written, text = folder / "plan.txt", told(folder)
    if os.environ.get("RECONCILER_WRITE_CASES"):
        written.write_text(text)
    assert text == written.read_text()


def test_there_are_cases() -> None:
    assert CASES


def told(folder: Path) -> str:
    """The plan of one case, as people would tell it."""
    app = Application.parse(laid_over(AN_APP, read_one(folder / "app.yaml")))
    try:
        manifests, conditions = finalize(read_all(folder / "desired.yaml"), app, SURFACE, instance="guestbook")
    except SpecError as error:
        return f"{error.condition}: {error}\n"
    ordinary, hooks = split(manifests)
    desired = Desired(ordinary, (REVISION,), ("Directory",), conditions, hooks=hooks)
    observed = seen(desired, [a_live_object(body) for body in read_all(folder / "live.yaml")])
    plan = build_plan(app, desired, observed, a_policy(folder), now=NOON)
    return "\n".join([*verdict(plan), *actions(plan), *told_results(plan)]) + "\n"


def a_policy(folder: Path) -> Policy:
    return Policy(
        may_write=True,
        may_record=True,
        manager=ARGOCD_MANAGER,
        control_namespace="argocd",
        instance="guestbook",
        project=ProjectRules.of(AppProject.parse(laid_over(A_PROJECT, read_one(folder / "project.yaml")))),
        destination=Destination(server=SERVER, name="one", namespace="shop"),
        lens=Lens(customizations_of(read_one(folder / "settings.yaml"))),
    )


def seen(desired: Desired, live: Sequence[LiveObject]) -> Observed:
    found = {item.key: item for item in live}
    readings = {manifest.key: reading(manifest, found.get(manifest.key)) for manifest in desired.manifests}
    extra = {key: item for key, item in found.items() if key not in readings and owner_of(item)}
    return Observed(readings, extra, hooks=found)


def reading(manifest: Manifest, live: LiveObject | None) -> Reading:
    if live is None:
        return Reading("absent")
    if owned_fields_equal(manifest, live, ARGOCD_MANAGER):
        return Reading("owned-fields", live=live)
    return Reading("estimated", live=live, predicted=estimated(manifest, live))


def a_live_object(body: JsonObject) -> LiveObject:
    metadata = {"uid": f"uid-of-{body['metadata']['name']}", "resourceVersion": "7", **body["metadata"]}
    if TRACKING_ID in metadata.get("annotations", {}) and "managedFields" not in metadata:
        mark: JsonObject = {"f:metadata": {"f:annotations": {f"f:{TRACKING_ID}": {}}}}
        entry = {"manager": ARGOCD_MANAGER, "operation": "Apply", "apiVersion": body["apiVersion"], "fieldsV1": mark}
        metadata["managedFields"] = [entry]
    return LiveObject({**body, "metadata": metadata})


def verdict(plan: Plan) -> Iterator[str]:
    comparison = plan.comparison
    yield f"{comparison.sync}, {comparison.health.status}"
    for item in comparison.objects:
        yield from object_lines(item)
    for condition in [*comparison.conditions, *plan.conditions]:
        yield condition_line(condition)


def object_lines(item: ObjectComparison) -> Iterator[str]:
    health = item.health.status if item.health else "-"
    yield f"  {item.key}: {item.sync or '-'}, {health}, {item.reason}"
    yield from (f"    {difference_line(entry)}" for entry in item.differences)


def difference_line(entry: Difference) -> str:
    by = f" (by {entry.manager})" if entry.manager else ""
    return f"{entry.path} live={entry.live} desired={entry.desired}{by}"


def condition_line(condition: Condition) -> str:
    return f"! {condition.type}: {condition.message}"


def actions(plan: Plan) -> Iterator[str]:
    yield f"then: {type(plan.decision).__name__}" + (f", {plan.why}" if plan.why else "")
    for step in plan.steps:
        yield f"  {step.action} {step.key}{place(step)}{''.join(manner(step))}"
    for result in plan.known:
        yield f"  {result.action} {result.key}: {result.message}"
    if plan.next_due_s is not None:
        yield f"again in {plan.next_due_s:g} s"


def manner(step: Step) -> Iterator[str]:
    """What is special about a write."""
    if step.migrate:
        yield ", ownership migrated first"
    if step.way.anew:
        yield ", by force if need be"
    if step.way.spared:
        yield f", not by force: {step.way.spared}"
    if not step.way.strict:
        yield ", unknown fields let pass"
    if step.propagation not in (None, "Foreground"):
        yield f", dependents: {step.propagation}"


def place(step: Step) -> str:
    """Where a step stands, unless that is where everything stands."""
    usual = (step.phase, step.wave) == ("Sync", 0) and not step.is_hook
    return "" if usual else f" ({step.phase} wave {step.wave}{', hook' if step.is_hook else ''})"


def told_results(plan: Plan) -> Iterator[str]:
    """What the operation has come to and recorded; told of where there are waves, hooks or earlier results."""
    state = plan.operation_state or {}
    desired = plan.desired or Desired((), (), ())
    waves = any(wave_of(item) for item in desired.manifests) or any(step.wave for step in plan.steps)
    if not (waves or desired.hooks or len((state.get("syncResult") or {}).get("resources") or ()) > len(plan.known)):
        return
    if state:
        yield f"operation: {state['phase']}" + (f", {state['message']}" if state.get("message") else "")
    for entry in (state.get("syncResult") or {}).get("resources") or ():
        hook = f" hook {entry['hookType']}" if entry.get("hookType") else ""
        message = entry.get("message", "")
        yield f"  {entry['kind']}/{entry['name']}{hook}: {entry['status']}, {entry['hookPhase']}, {message}"


def read_all(path: Path) -> list[JsonObject]:
    return [body for body in yaml.safe_load_all(path.read_text()) if body] if path.exists() else []


def read_one(path: Path) -> JsonObject:
    return next(iter(read_all(path)), {})


def laid_over(below: Any, above: Any) -> Any:
    """`above` over `below`, object by object; a null takes a field away."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    merged = {**below, **{name: laid_over(below.get(name), value) for name, value in above.items()}}
    return {name: value for name, value in merged.items() if value is not None}
