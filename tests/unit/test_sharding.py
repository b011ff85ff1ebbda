"""Placement by rendezvous hashing."""

from collections import Counter

from reconciler.models.keys import EntryKey
from reconciler.sharding import preference, queue_names, queue_of, ranked, shard_of

APP = EntryKey("app", "argocd/orders")


def test_a_place_keeps_its_shard() -> None:
    assert {shard_of("https://prod-7", 8) for _ in range(5)} == {shard_of("https://prod-7", 8)}


def test_places_spread_evenly_over_shards() -> None:
    counts = Counter(shard_of(f"https://cluster-{number}", 8) for number in range(8000))
    assert set(counts) == set(range(8))
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_one_more_shard_moves_only_what_goes_to_it() -> None:
    before = {name: shard_of(name, 8) for name in (f"c{number}" for number in range(1000))}
    after = {name: shard_of(name, 9) for name in before}
    assert {after[name] for name in before if after[name] != before[name]} == {8}


def test_taking_a_candidate_away_moves_only_what_was_on_it() -> None:
    names = [f"c{number}" for number in range(200)]
    before = {name: ranked(name, ["a", "b", "c"])[0] for name in names}
    after = {name: ranked(name, ["a", "c"])[0] for name in names}
    assert {before[name] for name in names if before[name] != after[name]} == {"b"}


def test_a_person_has_one_queue() -> None:
    assert queue_names("person", 8) == ("person",)
    assert queue_of("person", "https://prod", APP, shards=8) == "person"


def test_applications_of_one_cluster_share_a_queue_unless_it_is_hot() -> None:
    apps = [EntryKey("app", f"argocd/app-{number}") for number in range(200)]
    cold = {queue_of("push", "https://prod", app, shards=8) for app in apps}
    hot = {queue_of("push", "https://prod", app, shards=8, hot=("https://prod",)) for app in apps}
    assert len(cold) == 1
    assert hot == set(queue_names("push", 8))


def test_workers_prefer_different_queues_and_read_them_all() -> None:
    orders = {preference(f"worker-{number}", "push", 8) for number in range(20)}
    assert len(orders) > 10
    assert all(sorted(order) == sorted(queue_names("push", 8)) for order in orders)
