"""Live summaries on a real Valkey: who may write, what counts as complete, and what belongs to whom."""

from __future__ import annotations

import pytest

from reconciler.models.keys import CONTROL, ClusterUrl, GroupKind, ObjectKey
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store import summaries as module
from reconciler.store.client import Client, connect
from reconciler.store.members import Members
from reconciler.store.summaries import SURROUNDINGS, Summaries, Summary
from tests.support.store import KEYRING, KEYS

PROD, TEST = ClusterUrl("https://prod"), ClusterUrl("https://test")
PODS, DEPLOYMENTS = GroupKind("", "Pod"), GroupKind("apps", "Deployment")


def pod(name: str) -> ObjectKey:
    return ObjectKey("", "Pod", "shop", name)


def a_summary(owner: str = "orders", version: str = "1") -> Summary:
    return Summary("uid", version, 3, "digest", "Healthy", "", owner=owner)


@pytest.fixture
def client(valkey: Valkey) -> Client:
    return connect(valkey.url)


@pytest.fixture
def live(client: Client) -> Summaries:
    return Summaries(client, KEYS, KEYRING)


def test_a_listed_kind_is_complete_and_tells_what_is_there_and_what_is_not(live: Summaries) -> None:
    assert live.replace(PROD, PODS, "e1", {pod("a"): a_summary()})
    seen = live.read(PROD, [pod("a"), pod("b"), ObjectKey("apps", "Deployment", "shop", "a")])
    assert seen.found == {pod("a"): a_summary()}
    assert seen.fresh == {PODS}


def test_clusters_are_kept_apart(live: Summaries) -> None:
    live.replace(PROD, PODS, "e1", {pod("a"): a_summary()})
    seen = live.read(TEST, [pod("a")])
    assert (seen.found, seen.fresh) == ({}, frozenset())


def test_a_watch_changes_adds_and_removes(live: Summaries) -> None:
    live.replace(PROD, PODS, "e1", {pod("a"): a_summary(), pod("b"): a_summary()})
    assert live.publish(PROD, PODS, "e1", {pod("a"): a_summary(version="2"), pod("b"): None, pod("c"): a_summary()})
    found = live.read(PROD, [pod("a"), pod("b"), pod("c")]).found
    assert {key.name: summary.resource_version for key, summary in found.items()} == {"a": "2", "c": "1"}


def test_a_relist_removes_what_is_no_longer_there(live: Summaries) -> None:
    live.replace(PROD, PODS, "e1", {pod(f"p{number}"): a_summary() for number in range(500)})
    live.replace(PROD, PODS, "e2", {pod("p7"): a_summary()})
    assert set(live.read(PROD, [pod(f"p{number}") for number in range(500)]).found) == {pod("p7")}
    assert live.owned(PROD, "orders") == {pod("p7")}


def test_a_former_observer_changes_nothing_any_more(live: Summaries) -> None:
    live.replace(PROD, PODS, "e1", {pod("a"): a_summary()})
    live.replace(PROD, PODS, "e2", {pod("a"): a_summary(version="9")})
    assert not live.publish(PROD, PODS, "e1", {pod("a"): None})
    assert live.read(PROD, [pod("a")]).found[pod("a")].resource_version == "9"


def test_a_kind_that_was_never_listed_whole_is_not_fresh_whatever_is_heard_of_it(live: Summaries) -> None:
    assert not live.publish(PROD, PODS, "e1", {pod("a"): a_summary()})
    live._call(PROD, PODS, "e1", "begin", ())
    assert live.publish(PROD, PODS, "e1", {pod("a"): a_summary()})
    assert live.read(PROD, [pod("a")]).fresh == frozenset()


def test_a_silent_kind_goes_stale_and_a_bookmark_keeps_it_fresh(
    live: Summaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.2)
    live.replace(PROD, PODS, "e1", {pod("a"): a_summary()})
    wait_for(lambda: not live.read(PROD, [pod("a")]).fresh, "silence", timeout_s=5)
    assert live.publish(PROD, PODS, "e1", {})
    assert live.read(PROD, [pod("a")]).fresh == {PODS}


def test_what_an_instance_owns_follows_the_mark(live: Summaries) -> None:
    live.replace(
        PROD, PODS, "e1", {pod("a"): a_summary("orders"), pod("b"): a_summary("billing"), pod("c"): a_summary("")}
    )
    assert live.owned(PROD, "orders") == {pod("a")}
    live.publish(PROD, PODS, "e1", {pod("a"): a_summary("billing"), pod("b"): None})
    assert live.owned(PROD, "orders") == frozenset()
    assert live.owned(PROD, "billing") == {pod("a")}


def test_cluster_scoped_objects_have_no_namespace(live: Summaries) -> None:
    role = ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", "admin")
    live.replace(PROD, role.group_kind, "e1", {role: a_summary()})
    assert set(live.read(PROD, [role]).found) == {role}
    assert live.owned(PROD, "orders") == {role}
    live.replace(PROD, role.group_kind, "e2", {})
    assert live.read(PROD, [role]).found == {}


def test_a_kind_that_is_watched_no_more_leaves_nothing(live: Summaries, client: Client) -> None:
    live.replace(PROD, PODS, "e1", {pod("a"): a_summary()})
    live.replace(PROD, DEPLOYMENTS, "e1", {})
    assert live.watched(PROD) == {PODS, DEPLOYMENTS}
    assert live.drop(PROD, PODS, "e2")
    assert live.drop(PROD, DEPLOYMENTS, "e2")
    assert client.keys("*") == []


def test_an_edited_summary_is_not_believed(live: Summaries, client: Client) -> None:
    live.replace(PROD, PODS, "e1", {pod("a"): a_summary(), pod("b"): a_summary()})
    key = KEYS.summaries(PROD, PODS)
    other = client.hget(key, "shop/b")
    assert isinstance(other, bytes)
    client.hset(key, "shop/a", other)
    assert set(live.read(PROD, [pod("a"), pod("b")]).found) == {pod("b")}


def test_members_of_a_role_see_each_other_until_they_leave_or_die(client: Client) -> None:
    one, two = Members(client, KEYS, "observer", 0.3), Members(client, KEYS, "observer", 0.3)
    one.announce("a")
    assert two.announce("b") == ["a", "b"]
    wait_for(lambda: two.announce("b") == ["b"], "the silent one to count as dead", timeout_s=5)
    two.leave("b")
    assert one.announce("a") == ["a"]


def test_each_change_of_the_surroundings_gives_another_word_also_after_a_wipe(live: Summaries, valkey: Valkey) -> None:
    words = [live.surroundings().word]
    for wiped in (False, False, True):
        if wiped:
            valkey.flush()
        live.tell_of_surroundings()
        words.append(live.surroundings().word)
    assert words[0] == ""
    assert len(set(words)) == 4


def test_surroundings_count_as_watched_only_while_observers_keep_all_of_their_kinds(live: Summaries) -> None:
    for kind in SURROUNDINGS:
        assert not live.surroundings().are_watched
        assert live.replace(CONTROL, kind, "1", {})
    assert live.surroundings().are_watched
