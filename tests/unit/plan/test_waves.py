"""The order of tasks: the same whatever order they come in, and with what others need in front of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.models import words
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.result import SyncPhase
from reconciler.plan.tasks import Task, wave_of
from reconciler.plan.waves import groups, in_order, is_multi_step
from tests.unit.plan.given import a_map

KINDS = (("v1", "ConfigMap"), ("v1", "Namespace"), ("apps/v1", "Deployment"), ("example.com/v1", "Alpaca"))
PHASES: tuple[SyncPhase, ...] = ("PreSync", "Sync", "PostSync", "SyncFail")


def a_task(phase: SyncPhase, wave: int, kind: tuple[str, str], name: str, *, prune: bool = False) -> Task:
    version, word = kind
    namespace = "" if word == "Namespace" else name[:1]
    manifest = Manifest({"apiVersion": version, "kind": word, "metadata": {"name": name, "namespace": namespace}})
    if prune:
        return Task("Sync", wave, manifest.key, None, LiveObject(manifest.body), exists=True)
    return Task(phase, wave, manifest.key, manifest, is_hook=phase != "Sync")


some_tasks = st.lists(
    st.builds(
        a_task,
        st.sampled_from(PHASES),
        st.integers(-2, 2),
        st.sampled_from(KINDS),
        st.sampled_from(("a", "b", "ab", "ba", "c")),
        prune=st.booleans(),
    ),
    unique_by=lambda task: task.key,
    max_size=12,
)


@given(some_tasks, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_whatever_order_tasks_come_in_they_leave_in_the_same_one(tasks: list[Task], chance: object) -> None:
    shuffled = list(tasks)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    ordered = in_order(tasks)
    assert in_order(shuffled) == ordered
    assert {task.key for task in ordered} == {task.key for task in tasks}
    assert len(ordered) == len(tasks)


@given(some_tasks)
@settings(max_examples=60, deadline=None)
def test_phases_follow_each_other_and_waves_inside_them(tasks: list[Task]) -> None:
    ordered = in_order(tasks)
    places = [(words.SYNC_PHASES.index(task.phase), task.wave) for task in ordered]
    assert places == sorted(places)
    assert [task for group in groups(ordered) for task in group] == list(ordered)
    assert is_multi_step(ordered) == (len(groups(ordered)) > 1)


@given(some_tasks)
@settings(max_examples=60, deadline=None)
def test_nothing_is_applied_before_the_namespace_that_it_lives_in(tasks: list[Task]) -> None:
    ordered = [task for task in in_order(tasks) if not task.is_prune]
    spaces = {task.key.name: place for place, task in enumerate(ordered) if task.key.kind == "Namespace"}
    for place, task in enumerate(ordered):
        assert spaces.get(task.key.namespace, -1) <= place


def test_prunes_are_mirrored_among_themselves_and_leave_applies_where_they_are() -> None:
    gone = [a_task("Sync", wave, KINDS[0], f"g{wave}", prune=True) for wave in (-1, 0, 3)]
    waves = {task.key.name: task.wave for task in in_order([*gone, a_task("Sync", 1, KINDS[0], "kept")])}
    assert waves == {"g-1": 3, "g0": 0, "g3": -1, "kept": 1}


def test_prune_last_is_after_the_last_wave_of_the_sync_phase_and_never_before_wave_1() -> None:
    gone = a_task("Sync", -4, KINDS[0], "gone", prune=True)
    for waves, expected in (((), 1), ((-3,), 1), ((5,), 6)):
        others = [a_task("Sync", wave, KINDS[0], f"o{wave}") for wave in waves]
        later = a_task("PostSync", 9, KINDS[0], "after")
        ordered = in_order([gone, *others, later], prune_last=lambda _: True)
        assert next(task.wave for task in ordered if task.is_prune) == expected


def test_a_wave_is_read_from_argo_cds_annotation_then_helms_then_is_0() -> None:
    for marks, wave in (
        ({}, 0),
        ({words.SYNC_WAVE: "-7"}, -7),
        ({words.SYNC_WAVE: "x", words.HELM_HOOK_WEIGHT: "3"}, 3),
        ({words.SYNC_WAVE: "1", words.HELM_HOOK_WEIGHT: "3"}, 1),
    ):
        base = a_map().body
        assert wave_of(Manifest({**base, "metadata": {**base["metadata"], "annotations": marks}})) == wave


def test_ten_thousand_tasks_keep_their_names() -> None:
    tasks = [a_task("Sync", number % 3, KINDS[0], f"m{number}") for number in range(10_000)]
    assert len({task.key for task in in_order(tasks)}) == 10_000
    assert ObjectKey("", "ConfigMap", "m", "m0") in {task.key for task in tasks}
