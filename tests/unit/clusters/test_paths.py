"""Addresses of objects."""

from __future__ import annotations

import pytest

from reconciler.clusters import paths
from reconciler.errors import ObjectRejected
from reconciler.models.keys import GroupKind
from reconciler.models.observed import ServedKind

DEPLOYMENTS = ServedKind(("v1", "v1beta1"), "deployments", True, frozenset())
NODES = ServedKind(("v1",), "nodes", False, frozenset())


def test_a_group_and_a_version_stand_before_the_namespace() -> None:
    path = paths.collection(GroupKind("apps", "Deployment"), DEPLOYMENTS, version="v1beta1", namespace="shop")
    assert paths.item(path, "web") == "/apis/apps/v1beta1/namespaces/shop/deployments/web"


def test_the_core_group_has_a_root_of_its_own_and_cluster_scoped_kinds_ignore_namespaces() -> None:
    assert paths.collection(GroupKind("", "Node"), NODES, namespace="shop") == "/api/v1/nodes"


def test_a_name_cannot_leave_its_collection() -> None:
    assert paths.item("/api/v1/nodes", "../secrets/a?x") == "/api/v1/nodes/..%2Fsecrets%2Fa%3Fx"
    assert paths.item("/roles", "system:node") == "/roles/system:node"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_change_the_path_is_refused(name: str) -> None:
    with pytest.raises(ObjectRejected):
        paths.item("/api/v1/nodes", name)
