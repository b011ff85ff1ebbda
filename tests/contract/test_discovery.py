"""Discovery and reading through it, against a real API server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from reconciler.apply import Writer
from reconciler.clusters.cluster import Cluster, Scope
from reconciler.clusters.connections import Timeouts
from reconciler.clusters.kubeconfig import control_endpoint
from reconciler.clusters.listing import Selector, objects_at
from reconciler.clusters.transport import Transport
from reconciler.errors import ClusterUnavailable, ObjectRejected
from reconciler.models.keys import IN_CLUSTER, GroupKind, ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.waiting import wait_for

CONFIG_MAP, WIDGET = GroupKind("", "ConfigMap"), GroupKind("discovery.test", "Widget")
DOWN = "down.discovery.test"


@pytest.fixture
def transport(control_plane: ControlPlane) -> Iterator[Transport]:
    with closing(Transport(control_endpoint(control_plane.kubeconfig_path, None), Timeouts())) as transport:
        yield transport


@pytest.fixture
def cluster(transport: Transport) -> Cluster:
    return Cluster(IN_CLUSTER, "in-cluster", transport)


def a_config_map(namespace: str, name: str, **labels: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "data": {"name": name},
    }


@pytest.fixture
def widgets(control_plane: ControlPlane) -> Iterator[Json]:
    """A definition to be created by the test; it is removed afterwards."""
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.discovery.test"},
        "spec": {
            "group": WIDGET.group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    yield definition
    control_plane.api.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.discovery.test")


@pytest.fixture
def dead_group(control_plane: ControlPlane) -> Iterator[str]:
    """An aggregated API whose server does not exist."""
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{DOWN}"},
        "spec": {
            "group": DOWN,
            "version": "v1",
            "groupPriorityMinimum": 1000,
            "versionPriority": 10,
            "insecureSkipTLSVerify": True,
            "service": {"namespace": "default", "name": "nobody", "port": 443},
        },
    }
    control_plane.api.create(service)
    yield DOWN
    control_plane.api.delete(f"/apis/apiregistration.k8s.io/v1/apiservices/v1.{DOWN}")


def test_built_in_kinds_are_found_with_their_version_plural_and_scope(cluster: Cluster) -> None:
    deployment = cluster.served(GroupKind("apps", "Deployment"))
    assert deployment is not None
    assert (deployment.version, deployment.plural, deployment.namespaced) == ("v1", "deployments", True)
    assert {"list", "watch", "patch", "delete"} <= deployment.verbs
    namespace = cluster.served(GroupKind("", "Namespace"))
    assert namespace is not None
    assert not namespace.namespaced
    assert cluster.surface().version.startswith("v1.")


def test_a_second_look_at_an_unchanged_cluster_gives_the_same_value_for_three_304s(cluster: Cluster) -> None:
    first = cluster.surface()
    assert cluster.surface(max_age_s=0) is first


def test_a_kind_that_appears_later_is_found_when_it_is_asked_for(
    cluster: Cluster, control_plane: ControlPlane, namespace: str, widgets: Json
) -> None:
    cluster.surface()
    key = ObjectKey(WIDGET.group, WIDGET.kind, namespace, "a")
    assert cluster.get(key) is None
    control_plane.api.create(widgets)
    wait_for(lambda: cluster.served(WIDGET), "the new kind", timeout_s=20)
    assert cluster.get(key) is None
    assert list(cluster.list(WIDGET)) == []


def test_a_group_whose_server_is_down_is_unknown_and_not_absent(cluster: Cluster, dead_group: str) -> None:
    wait_for(lambda: dead_group in cluster.surface(max_age_s=0).failed_groups, "the dead group", timeout_s=30)
    with pytest.raises(ClusterUnavailable, match=dead_group):
        cluster.get(ObjectKey(dead_group, "Gadget", "default", "a"))
    assert cluster.get(ObjectKey("", "ConfigMap", "default", "absent")) is None, "other groups are not affected"


def test_many_objects_are_read_at_once_and_an_unreadable_group_fails_alone(
    cluster: Cluster, control_plane: ControlPlane, namespace: str, dead_group: str
) -> None:
    control_plane.api.apply_all(a_config_map(namespace, f"map-{i}") for i in range(6))
    wait_for(lambda: dead_group in cluster.surface(max_age_s=0).failed_groups, "the dead group", timeout_s=30)
    keys = [ObjectKey("", "ConfigMap", namespace, f"map-{i}") for i in range(7)]
    lost = ObjectKey(dead_group, "Gadget", namespace, "a")
    found = cluster.read_many([*keys, lost])
    assert [key.name for key, live in found.objects.items() if live] == [f"map-{i}" for i in range(6)]
    assert found.objects[keys[6]] is None
    assert list(found.failed) == [lost]


def test_a_list_runs_over_all_pages_and_its_items_know_their_kind(
    transport: Transport, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.api.apply_all(a_config_map(namespace, f"map-{i}") for i in range(5))
    listed = list(objects_at(transport, f"/api/v1/namespaces/{namespace}/configmaps", CONFIG_MAP, page=2))
    assert [live.key for live in listed] == [ObjectKey("", "ConfigMap", namespace, f"map-{i}") for i in range(5)]
    assert listed[0].api_version == "v1"


def test_selectors_narrow_a_list(cluster: Cluster, control_plane: ControlPlane, namespace: str) -> None:
    control_plane.api.apply_all([a_config_map(namespace, "red", team="red"), a_config_map(namespace, "blue")])
    found = cluster.list(CONFIG_MAP, namespace, select=Selector(labels="team=red"))
    assert [live.key.name for live in found] == ["red"]


def test_something_that_is_no_list_is_never_an_empty_list(transport: Transport) -> None:
    with pytest.raises(ClusterUnavailable, match="no list"):
        list(objects_at(transport, "/version", CONFIG_MAP))


def test_a_cluster_limited_to_namespaces_is_read_there_only(
    transport: Transport, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.api.apply_all([a_config_map(namespace, "mine"), a_config_map("default", "not-mine")])
    limited = Cluster(IN_CLUSTER, "limited", transport, scope=Scope((namespace,), cluster_resources=False))
    assert [live.key.name for live in limited.list(CONFIG_MAP)] == ["mine"]
    assert list(limited.list(GroupKind("", "Namespace"))) == []
    for outside in (ObjectKey("", "ConfigMap", "default", "not-mine"), ObjectKey("", "Namespace", "", "default")):
        with pytest.raises(ObjectRejected, match="not managed"):
            limited.get(outside)
        with pytest.raises(ObjectRejected, match="not managed"):
            Writer(limited, "m", lambda: None).apply(_manifest(outside), live=None)


def _manifest(key: ObjectKey) -> Manifest:
    return Manifest({"apiVersion": "v1", "kind": key.kind, "metadata": {"namespace": key.namespace, "name": key.name}})
