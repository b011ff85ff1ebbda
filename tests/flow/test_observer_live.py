"""What happens to managed objects becomes summaries, and makes applications due: but not what we wrote ourselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from reconciler.models.keys import IN_CLUSTER, EntryKey, GroupKind, ObjectKey
from reconciler.models.words import TRACKING_ID
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.summaries import Summary
from tests.support.crds import install_crds
from tests.support.observing import MANAGER, WITHIN_S, Desk, a_desk, an_observer

CONFIG_MAP, DEPLOYMENT = GroupKind("", "ConfigMap"), GroupKind("apps", "Deployment")


@pytest.fixture
def desk(control_plane: ControlPlane, valkey: Valkey) -> Iterator[Desk]:
    install_crds(control_plane)
    with a_desk(valkey) as desk:
        yield desk


class Shop:
    """One control namespace with one Application; its objects lie in the same namespace of the same cluster."""

    def __init__(self, plane: ControlPlane, namespace: str, desk: Desk) -> None:
        self.plane, self.api, self.namespace, self.desk = plane, plane.api, namespace, desk
        self.name = f"shop-{namespace}"
        self.entry = EntryKey("app", f"{namespace}/{self.name}")
        self.control_path = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/applications/{self.name}"

    def application(self, *kinds: GroupKind) -> Json:
        resources = [{"group": kind.group, "kind": kind.kind, "name": "x"} for kind in kinds]
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"namespace": self.namespace, "name": self.name},
            "spec": {
                "project": "default",
                "source": {"repoURL": "https://git.example/shop.git", "path": "."},
                "destination": {"name": "in-cluster", "namespace": self.namespace},
            },
            "status": {"resources": resources, "sync": {"status": "Synced"}},
        }

    def config_map(self, name: str, **data: str) -> Json:
        mark = f"{self.name}:/ConfigMap:{self.namespace}/{name}"
        metadata = {"namespace": self.namespace, "name": name, "annotations": {TRACKING_ID: mark}}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    def deployment(self, name: str) -> Json:
        mark = f"{self.name}:apps/Deployment:{self.namespace}/{name}"
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"namespace": self.namespace, "name": name, "annotations": {TRACKING_ID: mark}},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template},
        }

    def key(self, kind: GroupKind, name: str) -> ObjectKey:
        return ObjectKey(kind.group, kind.kind, self.namespace, name)

    def summary(self, kind: GroupKind, name: str) -> Summary | None:
        key = self.key(kind, name)
        return self.desk.summaries.read(IN_CLUSTER, [key]).found.get(key)

    def is_fresh(self, kind: GroupKind) -> bool:
        return kind in self.desk.summaries.read(IN_CLUSTER, [self.key(kind, "any")]).fresh

    def wait_for_version(self, manifest: Json) -> Summary:
        """The summary once it has reached an object as the API server answered it."""
        kind = GroupKind(manifest["apiVersion"].rpartition("/")[0], manifest["kind"])
        version = manifest["metadata"]["resourceVersion"]

        def reached() -> Summary | None:
            found = self.summary(kind, manifest["metadata"]["name"])
            return found if found and found.resource_version == version else None

        return wait_for(reached, f"the summary of version {version}", timeout_s=WITHIN_S, every_s=0.01)

    def path(self, name: str) -> str:
        return f"/api/v1/namespaces/{self.namespace}/configmaps/{name}"

    def drift(self, name: str, **data: str) -> Json:
        """A person edits by hand."""
        return self.api.patch(f"{self.path(name)}?fieldManager=kubectl-edit", {"data": data})


@pytest.fixture
def shop(control_plane: ControlPlane, namespace: str, desk: Desk) -> Shop:
    return Shop(control_plane, namespace, desk)


@pytest.fixture
def watched(shop: Shop, valkey: Valkey) -> Iterator[Shop]:
    """The shop with one config map, `settings`, that its observer has seen."""
    shop.api.create(shop.application(CONFIG_MAP, DEPLOYMENT))
    settings = shop.api.apply(shop.config_map("settings", mode="on"), manager=MANAGER)
    with an_observer(shop.plane, valkey, shop.namespace):
        shop.wait_for_version(settings)
        wait_for(lambda: shop.is_fresh(CONFIG_MAP) and shop.is_fresh(DEPLOYMENT), "fresh kinds", timeout_s=WITHIN_S)
        shop.desk.wait_for_more(shop.entry, 0)
        yield shop


def test_every_managed_object_has_a_summary_and_stands_in_the_inventory(watched: Shop) -> None:
    seen = watched.summary(CONFIG_MAP, "settings")
    assert seen is not None
    assert (seen.owner, seen.health, seen.terminating) == (watched.name, "", False)
    assert seen.digest
    assert watched.desk.summaries.owned(IN_CLUSTER, watched.name) == {watched.key(CONFIG_MAP, "settings")}


def test_an_edit_by_hand_makes_the_application_due_at_once(watched: Shop) -> None:
    before, digest = watched.desk.count(watched.entry), watched.summary(CONFIG_MAP, "settings")
    edited = watched.drift("settings", mode="off")
    watched.desk.wait_for_more(watched.entry, before)
    assert watched.desk.lane(watched.entry) == "push"
    after = watched.summary(CONFIG_MAP, "settings")
    assert after is not None
    assert digest is not None
    assert after.resource_version == edited["metadata"]["resourceVersion"], "published before it is asked for"
    assert after.digest != digest.digest


def test_what_others_own_and_what_we_apply_makes_nothing_due(watched: Shop) -> None:
    before, digest = watched.desk.count(watched.entry), watched.summary(CONFIG_MAP, "settings")
    patch = {"metadata": {"annotations": {"example.com/note": "x"}}, "data": {"added": "by others"}}
    foreign = watched.api.patch(f"{watched.path('settings')}?fieldManager=other", patch)
    after = watched.wait_for_version(foreign)
    assert digest is not None
    assert after.digest == digest.digest
    created = watched.api.apply(watched.config_map("more", a="1"), manager=MANAGER)
    watched.wait_for_version(created)
    changed = watched.api.apply(watched.config_map("more", a="2"), manager=MANAGER)
    watched.wait_for_version(changed)
    assert watched.desk.count(watched.entry) == before


def test_where_something_differs_any_edit_may_be_the_one_that_mends_it(watched: Shop) -> None:
    watched.wait_for_version(watched.drift("settings", mode="off"))
    before, path = watched.desk.count(watched.entry), watched.control_path
    watched.api.patch(path, {"status": {"sync": {"status": "OutOfSync"}}})
    watched.api.patch(path, {"spec": {"project": "sentinel"}})
    watched.desk.wait_for_more(watched.entry, before)
    before = watched.desk.count(watched.entry)
    watched.drift("settings", mode="on")
    watched.desk.wait_for_more(watched.entry, before)


def test_a_deleted_object_makes_it_due_and_leaves_the_inventory(watched: Shop) -> None:
    before = watched.desk.count(watched.entry)
    watched.api.delete(watched.path("settings"))
    watched.desk.wait_for_more(watched.entry, before)
    assert watched.summary(CONFIG_MAP, "settings") is None
    assert watched.desk.summaries.owned(IN_CLUSTER, watched.name) == frozenset()


def test_an_object_that_loses_its_mark_makes_it_due(watched: Shop) -> None:
    before = watched.desk.count(watched.entry)
    watched.api.patch(watched.path("settings"), {"metadata": {"annotations": {TRACKING_ID: None}}})
    watched.desk.wait_for_more(watched.entry, before)


def test_a_change_of_health_makes_it_due_and_another_status_does_not(watched: Shop) -> None:
    live = watched.api.apply(watched.deployment("web"), manager=MANAGER)
    assert watched.wait_for_version(live).health == "Progressing"
    before = watched.desk.count(watched.entry)
    path = watched.api.path(live) + "/status"
    ready = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    available = {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": ""}
    healthy = watched.api.patch(path, {"status": {**ready, "conditions": [available]}})
    watched.desk.wait_for_more(watched.entry, before)
    assert watched.wait_for_version(healthy).health == "Healthy"
    before = watched.desk.count(watched.entry)
    worded = watched.api.patch(path, {"status": {**ready, "conditions": [{**available, "message": "all well"}]}})
    watched.wait_for_version(worded)
    assert watched.desk.count(watched.entry) == before


def test_objects_without_a_mark_are_known_to_exist(watched: Shop) -> None:
    manifest = watched.config_map("foreign")
    del manifest["metadata"]["annotations"]
    seen = watched.wait_for_version(watched.api.create(manifest))
    assert (seen.owner, seen.digest) == ("", "")


def test_a_mark_that_was_copied_along_is_nobodys(watched: Shop) -> None:
    manifest = watched.config_map("copy")
    manifest["metadata"]["annotations"] = watched.config_map("settings")["metadata"]["annotations"]
    assert watched.wait_for_version(watched.api.create(manifest)).owner == ""


def test_a_kind_is_watched_from_when_an_application_has_some(shop: Shop, valkey: Valkey) -> None:
    shop.api.create(shop.application())
    with an_observer(shop.plane, valkey, shop.namespace):
        assert not shop.is_fresh(CONFIG_MAP)
        live = shop.api.apply(shop.config_map("settings", a="1"), manager=MANAGER)
        shop.api.patch(shop.control_path, {"status": shop.application(CONFIG_MAP)["status"]})
        shop.wait_for_version(live)


def test_a_kind_that_cannot_be_watched_affects_only_itself(shop: Shop, valkey: Valkey) -> None:
    absent = GroupKind("absent.test", "Nothing")
    shop.api.create(shop.application(CONFIG_MAP, absent))
    live = shop.api.apply(shop.config_map("settings", a="1"), manager=MANAGER)
    with an_observer(shop.plane, valkey, shop.namespace):
        shop.wait_for_version(live)
        assert shop.is_fresh(CONFIG_MAP)
        assert not shop.is_fresh(absent)


@pytest.mark.parametrize("disturbance", ["edited", "deleted"])
def test_drift_while_no_observer_lived_is_found_by_the_next_one(shop: Shop, valkey: Valkey, disturbance: str) -> None:
    _observed_once(shop, valkey)
    before = shop.desk.count(shop.entry)
    if disturbance == "edited":
        shop.drift("settings", a="2")
    else:
        shop.api.delete(shop.path("settings"))
    with an_observer(shop.plane, valkey, shop.namespace):
        shop.desk.wait_for_more(shop.entry, before)


def test_an_observer_that_finds_everything_as_it_was_asks_for_nothing(shop: Shop, valkey: Valkey) -> None:
    _observed_once(shop, valkey)
    before = shop.desk.count(shop.entry)
    with an_observer(shop.plane, valkey, shop.namespace):
        live = shop.api.apply(shop.config_map("sentinel"), manager=MANAGER)
        shop.wait_for_version(live)
        assert shop.desk.count(shop.entry) == before


def _observed_once(shop: Shop, valkey: Valkey) -> None:
    shop.api.create(shop.application(CONFIG_MAP))
    shop.api.apply(shop.config_map("settings", a="1"), manager=MANAGER)
    with an_observer(shop.plane, valkey, shop.namespace):
        wait_for(lambda: shop.is_fresh(CONFIG_MAP), "a fresh kind", timeout_s=WITHIN_S)
        shop.desk.wait_for_more(shop.entry, 0)


def test_after_a_wipe_of_redis_everything_is_published_anew(watched: Shop, valkey: Valkey) -> None:
    valkey.flush()
    seen = wait_for(lambda: watched.summary(CONFIG_MAP, "settings"), "the summary to return", timeout_s=WITHIN_S)
    assert seen.owner == watched.name
    wait_for(lambda: watched.is_fresh(CONFIG_MAP), "a fresh kind", timeout_s=WITHIN_S)
    before = watched.desk.count(watched.entry)
    watched.drift("settings", mode="off")
    watched.desk.wait_for_more(watched.entry, before)


def test_two_observers_share_the_work_and_one_that_goes_is_replaced_at_once(shop: Shop, valkey: Valkey) -> None:
    shop.api.create(shop.application(CONFIG_MAP))
    shop.api.apply(shop.config_map("settings", a="1"), manager=MANAGER)
    with ExitStack() as first, an_observer(shop.plane, valkey, shop.namespace) as staying:
        leaving = first.enter_context(an_observer(shop.plane, valkey, shop.namespace))
        both = (leaving, staying)
        wait_for(lambda: all(len(o.status()["peers"]) == 2 for o in both), "both to meet", timeout_s=WITHIN_S)
        wait_for(lambda: sum(o.control.speaks for o in both) == 1, "one of them to speak", timeout_s=WITHIN_S)
        wait_for(lambda: sum(len(o.destinations) for o in both) == 1, "one of them to watch", timeout_s=WITHIN_S)
        shop.wait_for_version(shop.api.apply(shop.config_map("settings", a="2"), manager=MANAGER))
        first.close()
        wait_for(lambda: staying.control.speaks and bool(staying.destinations), "the other", timeout_s=WITHIN_S)
        before = shop.desk.count(shop.entry)
        shop.drift("settings", a="by hand")
        shop.desk.wait_for_more(shop.entry, before)
