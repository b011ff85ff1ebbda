"""What `status.resources` and `status.summary` show."""

from __future__ import annotations

from dataclasses import replace

from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Reading
from reconciler.plan.compare import Comparison, compare
from reconciler.plan.ignore import IgnoreRules
from reconciler.plan.inventory import resources, summary
from tests.unit.plan.given import a_map, an_app, annotated, equal, live, missing, sees, wants

WEB = a_map("web")


def compared(*args: object) -> Comparison:
    return compare(an_app(), wants(WEB), sees(*args), IgnoreRules())  # type: ignore[arg-type]


def test_an_entry_names_the_object_and_leaves_out_what_is_empty() -> None:
    assert resources(compared(missing(WEB)), []) == [
        {
            "version": "v1",
            "kind": "ConfigMap",
            "namespace": "shop",
            "name": "web",
            "status": "OutOfSync",
            "health": {"status": "Missing"},
        }
    ]


def test_an_extra_object_is_shown_with_what_it_asks_before_it_goes() -> None:
    old = annotated(live(a_map("old")), sync_options="Prune=confirm", sync_wave="3")
    (entry, _) = resources(compared(equal(WEB), old), [])
    assert (entry["requiresPruning"], entry["requiresDeletionConfirmation"], entry["syncWave"]) == (True, True, 3)


def test_an_object_that_another_object_marks_is_not_in_the_inventory() -> None:
    copied = LiveObject({**live(WEB).body, "metadata": {**live(WEB).metadata, "name": "copy"}})
    assert [item["name"] for item in resources(compared(equal(WEB), copied), [])] == ["web"]


def test_what_was_known_is_dropped_only_by_a_definite_comparison() -> None:
    known = [{"kind": "Secret", "name": "key", "namespace": "shop", "status": "Synced"}]
    definite = compared(equal(WEB))
    assert [item["name"] for item in resources(definite, known)] == ["web"]
    assert [item["name"] for item in resources(replace(definite, sync="Unknown"), known)] == ["web", "key"]


def test_the_summary_does_not_depend_on_whether_the_live_object_was_read() -> None:
    def job(image: str) -> Manifest:
        pod = {"spec": {"initContainers": [{"image": "init:1"}], "containers": [{"image": image}]}}
        spec = {"jobTemplate": {"spec": {"template": pod}}}
        metadata = {"name": "nightly", "namespace": "shop"}
        return Manifest({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})

    def of(reading: Reading) -> object:
        observed = sees((job("a:1").key, reading))
        return summary(compare(an_app(), wants(job("a:1")), observed, IgnoreRules()))

    there = live(job("a:1"))
    assert of(Reading("record")) == of(Reading("server", there, there.body)) == {"images": ["a:1", "init:1"]}
    changed = live(job("a:2"))
    assert of(Reading("estimated", changed, there.body)) == {"images": ["a:2", "init:1"]}


def test_a_malformed_specification_shows_nothing_and_breaks_nothing() -> None:
    odd = Manifest(
        {"apiVersion": "v1", "kind": "Ingress", "metadata": {"name": "a", "namespace": "b"}, "spec": {"rules": [1]}}
    )
    assert summary(compare(an_app(), wants(odd), sees(missing(odd)), IgnoreRules())) == {}
