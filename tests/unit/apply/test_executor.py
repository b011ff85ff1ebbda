"""The order, the budget and the endings of a plan's steps; the writer here only notes what it is asked to do."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from reconciler.apply.executor import run
from reconciler.errors import ClusterUnavailable, LeaseLost, ObjectConflict, ObjectRejected
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Surface
from reconciler.plan.steps import Step

CRD_GROUP = "apiextensions.k8s.io"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Served:
    """A cluster that serves nothing new, with the definitions it was given."""

    def __init__(self) -> None:
        self.definitions: list[LiveObject] = []
        self.looks = 0

    def served(self, _kind: object) -> None:
        return None

    def surface(self, **_: object) -> Surface:
        self.looks += 1
        return Surface("v1.36.0", {})

    def list(self, _kind: object) -> Iterable[LiveObject]:
        return self.definitions


class Notes:
    """Stands for a Writer: answers with the manifest, or raises what was put under the object's name."""

    def __init__(self, clock: Clock, *, costs_s: float = 0.0) -> None:
        self.cluster = Served()
        self.calls: list[str] = []
        self.faults: dict[str, Exception] = {}
        self._clock, self._costs_s = clock, costs_s

    def apply(self, manifest: Manifest, *, live: LiveObject | None, strict: bool = True) -> LiveObject:
        assert strict
        self._note("apply", manifest.key)
        version = str(int(live.resource_version) + 1) if live else "1"
        return LiveObject({**manifest.body, "metadata": {**manifest.metadata, "uid": "u", "resourceVersion": version}})

    def migrate(self, live: LiveObject, managed_fields: list[dict[str, object]]) -> LiveObject:
        self._note("migrate", live.key)
        return LiveObject({**live.body, "metadata": {**live.metadata, "resourceVersion": "50"}})

    def delete(self, live: LiveObject, propagation: str) -> bool:
        self._note(f"delete {propagation}", live.key)
        return True

    def _note(self, what: str, key: ObjectKey) -> None:
        self.calls.append(f"{what} {key.name}")
        self._clock.now += self._costs_s
        if key.name in self.faults:
            raise self.faults[key.name]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(clock: Clock) -> Notes:
    return Notes(clock)


def manifest(kind: str, name: str, group: str = "") -> Manifest:
    api_version = f"{group}/v1" if group else "v1"
    return Manifest({"apiVersion": api_version, "kind": kind, "metadata": {"namespace": "shop", "name": name}})


def live(of: Manifest, version: str = "7") -> LiveObject:
    return LiveObject({**of.body, "metadata": {**of.metadata, "uid": "u", "resourceVersion": version}})


def create(kind: str, name: str, group: str = "") -> Step:
    wanted = manifest(kind, name, group)
    return Step("create", wanted.key, manifest=wanted)


def update(kind: str, name: str) -> Step:
    wanted = manifest(kind, name)
    return Step("apply", wanted.key, manifest=wanted, live=live(wanted))


def prune(kind: str, name: str) -> Step:
    there = manifest(kind, name)
    return Step("prune", there.key, live=live(there))


def test_kinds_are_written_one_after_the_other_in_the_given_order(writer: Notes, clock: Clock) -> None:
    steps = [create("ConfigMap", "a"), create("ConfigMap", "b"), create("Service", "c"), prune("ConfigMap", "d")]
    outcome = run(steps, writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert sorted(writer.calls[:2]) == ["apply a", "apply b"]
    assert writer.calls[2:] == ["apply c", "delete Foreground d"]
    assert [result.message for result in outcome.results] == [
        "configmap/a created",
        "configmap/b created",
        "service/c created",
        "pruned",
    ]
    assert [key.name for key in outcome.live] == ["a", "b", "c"]


def test_an_update_says_whether_the_object_changed(writer: Notes, clock: Clock) -> None:
    outcome = run([update("ConfigMap", "a")], writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert [result.message for result in outcome.results] == ["configmap/a configured"]


def test_ownership_is_migrated_before_the_apply_and_the_apply_is_tied_to_the_migrated_version(
    writer: Notes, clock: Clock
) -> None:
    wanted = manifest("ConfigMap", "a")
    step = Step("apply", wanted.key, manifest=wanted, live=live(wanted), migrate=[{"manager": "m"}])
    outcome = run([step], writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert writer.calls == ["migrate a", "apply a"]
    assert outcome.live[wanted.key].resource_version == "51"


def test_a_refused_object_stops_neither_its_kind_nor_later_ones(writer: Notes, clock: Clock) -> None:
    writer.faults["a"] = ObjectRejected("spec.x: forbidden", status=422)
    steps = [create("ConfigMap", "a"), create("ConfigMap", "b"), create("Service", "c")]
    outcome = run(steps, writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert [(result.key.name, result.ok) for result in outcome.results] == [("a", False), ("b", True), ("c", True)]
    assert outcome.results[0].message == "spec.x: forbidden"
    assert outcome.unfinished == ()


def test_what_was_not_begun_within_the_budget_is_unfinished(clock: Clock) -> None:
    writer = Notes(clock, costs_s=2.0)
    steps = [create("ConfigMap", "a"), create("Secret", "b"), create("Service", "c"), create("Pod", "d")]
    outcome = run(steps, writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert [result.key.name for result in outcome.results] == ["a", "b", "c"]
    assert [step.key.name for step in outcome.unfinished] == ["d"]


def test_after_a_passing_fault_later_kinds_wait(writer: Notes, clock: Clock) -> None:
    writer.faults["a"] = ClusterUnavailable("503", retry_after_s=3)
    steps = [create("Namespace", "a"), create("Namespace", "b"), create("ConfigMap", "c")]
    outcome = run(steps, writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert [result.key.name for result in outcome.results] == ["b"]
    assert [step.key.name for step in outcome.unfinished] == ["a", "c"]
    assert outcome.transient is not None
    assert outcome.transient.retry_after_s == 3


def test_an_object_that_moved_is_left_for_a_new_decision(writer: Notes, clock: Clock) -> None:
    writer.faults["a"] = ObjectConflict("modified")
    outcome = run([update("ConfigMap", "a"), create("Service", "b")], writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert [(key.name, why) for key, why in outcome.conflicts.items()] == [("a", "modified")]
    assert [step.key.name for step in outcome.unfinished] == ["a"]
    assert [result.key.name for result in outcome.results] == ["b"]


def test_a_lost_lease_stops_everything(writer: Notes, clock: Clock) -> None:
    writer.faults["a"] = LeaseLost("gone")
    with pytest.raises(LeaseLost):
        run([create("ConfigMap", "a"), create("Service", "b")], writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert writer.calls == ["apply a"]


def test_a_kind_whose_definition_is_not_served_yet_waits_instead_of_failing(writer: Notes, clock: Clock) -> None:
    definition = {"group": "w.test", "names": {"kind": "Widget"}}
    crd = manifest("CustomResourceDefinition", "widgets.w.test", CRD_GROUP)
    writer.cluster.definitions = [LiveObject({**crd.body, "spec": definition})]
    writer.faults["w"] = writer.faults["x"] = ObjectRejected("not served", status=404)
    steps = [Step("create", crd.key, manifest=crd), create("Widget", "w", "w.test"), create("Gadget", "x", "x.test")]
    outcome = run(steps, writer, budget_s=5, clock=clock)  # type: ignore[arg-type]
    assert list(outcome.waiting.values()) == ["waiting for the cluster to serve w.test/Widget"]
    assert [step.key.name for step in outcome.unfinished] == ["w"]
    assert [(result.key.name, result.ok) for result in outcome.results] == [("widgets.w.test", True), ("x", False)]
    assert writer.cluster.looks == 1
