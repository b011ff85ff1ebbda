"""A watched kind in memory, and the jobs that follow from what its watch says."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from msgspec import Raw

from reconciler.models.keys import AppKey, ClusterUrl, Digest, GroupKind
from reconciler.models.words import SECRET_TYPE, TRACKING_ID
from reconciler.observe.facts import AppFacts
from reconciler.observe.fleet import Fleet
from reconciler.observe.live import LiveReading
from reconciler.observe.mirror import Mirror
from reconciler.observe.outbox import Change, Fresh, Job, Listing, Scope
from reconciler.observe.seen import Lens, Seen
from reconciler.observe.surroundings import Surrounding, of_secret
from reconciler.store.due import Request

KIND = GroupKind("", "ConfigMap")
EAST = ClusterUrl("https://east.example")


def digest(data: bytes) -> Digest:
    return Digest(hashlib.blake2b(data, digest_size=8).hexdigest())


def an_object(name: str, value: str = "1", *, owner: str = "web") -> Raw:
    metadata: dict[str, Any] = {"namespace": "shop", "name": name, "uid": f"u-{name}", "resourceVersion": value}
    if owner:
        metadata["annotations"] = {TRACKING_ID: f"{owner}:/ConfigMap:shop/{name}"}
    return Raw(orjson.dumps({"metadata": metadata, "data": {"value": value}}))


class Bench:
    """A mirror of config maps on one cluster, and everything that it put."""

    def __init__(self, *, destination: ClusterUrl = EAST) -> None:
        self.jobs: list[Job] = []
        key = AppKey("argocd", "web")
        no = Digest("")
        app = AppFacts(key, "u1", "1", no, no, "", False, False, "default", destination, "", (), frozenset({KIND}))
        self.fleet = Fleet(digest, "argocd", lambda: None, lambda: {str(key): app})
        reading = LiveReading(Lens(KIND, "v1", "argocd-controller", digest), self.fleet, EAST)
        self.mirror = Mirror(Scope(EAST, KIND), reading, self.put)

    def put(self, *jobs: Job) -> None:
        self.jobs.extend(jobs)

    def relist(self, *objects: Raw) -> list[Job]:
        self.jobs.clear()
        self.mirror.begin()
        for raw in objects:
            self.mirror.listed(raw, "v1")
        self.mirror.complete()
        return self.jobs

    def event(self, kind: str, raw: Raw) -> list[Job]:
        self.jobs.clear()
        self.mirror.event(kind, raw)
        return self.jobs

    def asked(self) -> list[str]:
        return [job.entry.name for job in self.jobs if isinstance(job, Request)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_list_is_stored_whole_and_only_managed_objects_are_remembered(bench: Bench) -> None:
    (listing,) = bench.relist(an_object("a"), an_object("b", owner=""))
    assert isinstance(listing, Listing)
    assert sorted(listing.rows) == ["shop/a", "shop/b"]
    assert list(bench.mirror.known) == ["shop/a"]
    assert bench.mirror.is_whole


def test_the_first_list_is_compared_with_the_store_and_later_ones_with_what_is_remembered(bench: Bench) -> None:
    (first,) = bench.relist(an_object("a"))
    assert isinstance(first, Listing)
    assert first.late is not None
    stored = dict(first.rows)
    assert list(first.late(stored)) == []
    assert [demand.entry.name for demand in first.late({})] == ["argocd/web"]
    assert [demand.entry.name for demand in first.late({**stored, "shop/gone": Seen("u", "1", owner="web")})] == [
        "argocd/web"
    ]
    second = bench.relist(an_object("a", "2"))
    assert isinstance(second[0], Listing)
    assert second[0].late is None
    assert bench.asked() == ["argocd/web"]
    bench.relist(an_object("a", "2"))
    assert bench.asked() == []
    bench.relist()
    assert bench.asked() == ["argocd/web"]


def test_a_list_that_did_not_end_changes_nothing(bench: Bench) -> None:
    bench.relist(an_object("a"))
    bench.jobs.clear()
    bench.mirror.begin()
    bench.mirror.listed(an_object("b"), "v1")
    bench.mirror.begin()
    assert list(bench.mirror.known) == ["shop/a"]
    assert bench.jobs == []


def test_events_change_what_is_known_and_ask_for_the_owner(bench: Bench) -> None:
    bench.relist()
    jobs = bench.event("ADDED", an_object("a"))
    assert isinstance(jobs[0], Change)
    assert jobs[0].name == "shop/a"
    assert bench.asked() == ["argocd/web"]
    bench.event("MODIFIED", an_object("a"))
    assert bench.asked() == []
    assert bench.event("DELETED", an_object("a"))[0] == Change(Scope(EAST, KIND), "shop/a", None)
    assert bench.asked() == ["argocd/web"]
    assert bench.mirror.known == {}


def test_what_an_application_left_on_another_cluster_concerns_it_no_more() -> None:
    moved = Bench(destination=ClusterUrl("https://west.example"))
    moved.relist()
    assert moved.event("ADDED", an_object("a")) != []
    assert moved.asked() == []


def test_the_end_of_an_object_that_was_not_remembered_still_concerns_its_owner(bench: Bench) -> None:
    bench.relist()
    bench.event("DELETED", an_object("a"))
    assert bench.asked() == ["argocd/web"]


def test_objects_of_strangers_are_stored_and_concern_nobody(bench: Bench) -> None:
    bench.relist()
    assert len(bench.event("ADDED", an_object("a", owner="stranger"))) == 1
    assert bench.asked() == []


def test_an_object_that_cannot_be_read_is_left_out_alone(bench: Bench) -> None:
    secrets = Mirror(Scope(EAST, GroupKind("", "Secret")), Surrounding(digest, bench.fleet, of_secret), bench.put)
    labels = {SECRET_TYPE: "cluster"}
    torn, whole = (
        Raw(orjson.dumps({"metadata": {"namespace": "argocd", "name": name, "labels": labels}, "data": {"name": text}}))
        for name, text in (("torn", "not base64!"), ("whole", "ZWFzdA=="))
    )
    secrets.begin()
    for raw in (torn, whole):
        secrets.listed(raw, "v1")
    secrets.complete()
    assert [thing.cluster_name for thing in secrets.known.values()] == ["east"]


def test_a_sign_of_life_is_passed_on_and_a_fault_is_remembered_until_then(bench: Bench) -> None:
    bench.mirror.failed("timed out")
    assert bench.mirror.fault == "timed out"
    bench.mirror.flush()
    assert bench.jobs == [Fresh(Scope(EAST, KIND))]
    assert bench.mirror.fault is None


def test_after_forgetting_the_next_list_counts_as_the_first(bench: Bench) -> None:
    bench.relist(an_object("a"))
    bench.mirror.forget_all()
    (listing,) = bench.relist(an_object("a"))
    assert isinstance(listing, Listing)
    assert listing.late is not None
