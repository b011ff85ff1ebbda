"""What templates learn of a cluster, and what they are not told."""

from __future__ import annotations

from typing import cast

import pytest

from reconciler.clusters.cluster import Cluster
from reconciler.clusters.facts import ClusterFacts
from reconciler.errors import ClusterUnavailable
from reconciler.models.keys import GroupKind
from reconciler.models.observed import ServedKind, Surface


class Discovered:
    """As much of a cluster as facts ask for."""

    name = "one"

    def __init__(self, *failed: str) -> None:
        self._surface = Surface(
            "v1.36.3",
            {
                GroupKind("", "Pod"): served("v1"),
                GroupKind("apps", "Deployment"): served("v1", "v1beta1"),
                GroupKind("x.io", "Thing"): served("v2"),
            },
            frozenset(failed),
        )

    def surface(self) -> Surface:
        return self._surface


def served(*versions: str) -> ServedKind:
    return ServedKind(versions, "things", namespaced=True, verbs=frozenset())


def facts(*failed: str) -> ClusterFacts:
    return ClusterFacts(cast("Cluster", Discovered(*failed)))


@pytest.mark.parametrize(
    "name", ["v1", "v1/Pod", "apps/v1", "apps/v1beta1", "apps/v1beta1/Deployment", "x.io/v2/Thing"]
)
def test_what_is_served_is_known_by_group_version_and_by_kind(name: str) -> None:
    assert facts().has_api(name)


@pytest.mark.parametrize("name", ["", "v2", "apps", "Pod", "apps/v2", "x.io/v1/Thing", "x.io/v2/Other", "a/b/c/d"])
def test_what_is_not_served_is_not_there(name: str) -> None:
    assert not facts().has_api(name)


def test_all_apis_are_listed_in_both_forms() -> None:
    assert facts().api_versions() == (
        "apps/v1",
        "apps/v1/Deployment",
        "apps/v1beta1",
        "apps/v1beta1/Deployment",
        "v1",
        "v1/Pod",
        "x.io/v2",
        "x.io/v2/Thing",
    )
    assert facts().kube_version() == "v1.36.3"


def test_an_api_whose_group_could_not_be_discovered_is_not_absent() -> None:
    with pytest.raises(ClusterUnavailable, match=r"metrics\.k8s\.io cannot be discovered"):
        facts("metrics.k8s.io").has_api("metrics.k8s.io/v1beta1")
    with pytest.raises(ClusterUnavailable, match=r"metrics\.k8s\.io cannot be discovered"):
        facts("metrics.k8s.io").api_versions()
    assert not facts("metrics.k8s.io").has_api("other.io/v1")
    assert facts("metrics.k8s.io").has_api("apps/v1")
