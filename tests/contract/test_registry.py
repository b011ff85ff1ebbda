"""Destinations from cluster Secrets, against real API servers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.clusters import Catalog, Cluster, Clusters, DestinationUnknown, Link, control_cluster
from reconciler.errors import ClusterUnavailable, SpecError
from reconciler.models.keys import IN_CLUSTER
from reconciler.models.words import SECRET_TYPE
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.settings import Settings


@pytest.fixture
def control(control_plane: ControlPlane, namespace: str) -> Iterator[Cluster]:
    cluster = control_cluster(Settings(kubeconfig=control_plane.kubeconfig_path, namespace=namespace), Link())
    yield cluster
    cluster.transport.close()


@pytest.fixture
def clusters(control: Cluster, namespace: str) -> Iterator[Clusters]:
    clusters = Clusters(control, Catalog(control, namespace), Link())
    yield clusters
    clusters.close()


def a_secret(namespace: str, secret: str, config: object, **data: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": secret, "labels": {SECRET_TYPE: "cluster"}},
        "stringData": {**data, "config": config if isinstance(config, str) else json.dumps(config)},
    }


def access_to(plane: ControlPlane, *, token: str | None = None) -> dict[str, Any]:
    ca = base64.b64encode(plane.ca_pem.encode()).decode()
    return {"bearerToken": token or plane.admin_token, "tlsClientConfig": {"caData": ca}}


def test_a_destination_is_opened_by_address_and_by_name(
    clusters: Clusters, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.api.apply(
        a_secret(namespace, "east", access_to(control_plane), name="east", server=control_plane.url)
    )
    by_address, by_name = clusters.open(control_plane.url + "/", ""), clusters.open("", "east")
    assert by_address is by_name
    assert by_name.url == control_plane.url
    assert by_name.surface().version.startswith("v1.")


def test_the_control_cluster_needs_no_secret(clusters: Clusters, control: Cluster) -> None:
    assert clusters.open(IN_CLUSTER, "") is control
    assert clusters.open("", "in-cluster") is control
    assert clusters.urls() == [IN_CLUSTER]


def test_the_control_cluster_can_be_switched_off(
    clusters: Clusters, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.api.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "namespace": namespace,
                "name": "argocd-cm",
                "labels": {"app.kubernetes.io/part-of": "argocd"},
            },
            "data": {"cluster.inClusterEnabled": "false"},
        }
    )
    with pytest.raises(DestinationUnknown):
        clusters.open(IN_CLUSTER, "")


@pytest.mark.parametrize(
    ("server", "name", "words"),
    [
        ("https://a", "a", "can't have both name and server defined"),
        ("", "", "Destination server missing"),
        ("https://nowhere.example", "", 'cluster "https://nowhere.example" not found'),
        ("", "nobody", "there are no clusters with this name: nobody"),
    ],
)
def test_a_destination_that_cannot_be_resolved_says_why(clusters: Clusters, server: str, name: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        clusters.open(server, name)


def test_a_name_that_two_clusters_bear_is_refused(
    clusters: Clusters, control_plane: ControlPlane, namespace: str
) -> None:
    for number in ("1", "2"):
        control_plane.api.apply(a_secret(namespace, f"c{number}", {}, name="twin", server=f"https://c{number}.example"))
    with pytest.raises(SpecError, match="there are 2 clusters with the same name"):
        clusters.open("", "twin")


def test_while_a_secret_cannot_be_read_nothing_is_known_to_be_gone(
    clusters: Clusters, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.api.apply(a_secret(namespace, "torn", "{not json", name="torn", server="https://torn.example"))
    with pytest.raises(SpecError, match="torn") as caught:
        clusters.open("https://torn.example", "")
    assert not isinstance(caught.value, DestinationUnknown)


@pytest.mark.parametrize(
    "config",
    [
        {"execProviderConfig": {"command": "/bin/sh", "args": ["-c", "id"]}},
        {"awsAuthConfig": {"clusterName": "a"}},
        {"proxyUrl": "http://127.0.0.1:1"},
    ],
)
def test_a_secret_that_would_run_a_program_or_redirect_traffic_is_refused(
    clusters: Clusters, control_plane: ControlPlane, namespace: str, config: Json
) -> None:
    control_plane.api.apply(a_secret(namespace, "sly", config, name="sly", server="https://sly.example"))
    with pytest.raises(SpecError, match=f"{next(iter(config))} in a cluster Secret is not supported"):
        clusters.open("", "sly")


def test_a_rotated_token_is_picked_up_without_a_restart(
    clusters: Clusters, control: Cluster, control_plane: ControlPlane, namespace: str
) -> None:
    api, url = control_plane.api, control_plane.url
    api.apply(a_secret(namespace, "east", access_to(control_plane, token="revoked"), name="east", server=url))
    stale = clusters.open("", "east")
    with pytest.raises(ClusterUnavailable, match="Unauthorized"):
        stale.surface()
    api.apply(a_secret(namespace, "east", access_to(control_plane), name="east", server=url))
    renewed = clusters.open("", "east", fresh=True)
    assert renewed is not stale
    assert renewed.surface().version.startswith("v1.")
    assert clusters.open("", "east") is renewed
