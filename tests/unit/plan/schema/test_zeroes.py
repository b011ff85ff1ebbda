from typing import Any

import pytest

from reconciler.plan.schema.zeroes import vanishes


@pytest.mark.parametrize(
    ("kind", "path", "value", "gone"),
    [
        ("Deployment", "spec.template.spec.hostNetwork", False, True),
        ("Deployment", "spec.template.spec.automountServiceAccountToken", False, False),
        ("Deployment", "spec.replicas", 0, False),
        ("Deployment", "spec.template.spec.containers.env.value", "", True),
        ("Deployment", "spec.template.spec.containers.args", [], True),
        ("Deployment", "spec.template.spec.volumes.emptyDir", {}, False),
        ("Deployment", "metadata.annotations", {}, True),
        ("Deployment", "metadata.annotations.empty", "", False),
        ("ConfigMap", "data.key", "", False),
        ("PersistentVolumeClaim", "spec.storageClassName", "", False),
        ("PersistentVolume", "spec.storageClassName", "", True),
        ("Service", "spec.selector", {}, True),
        ("NetworkPolicy", "spec.ingress.from.podSelector", {}, False),
        ("Deployment", "spec.template.metadata.creationTimestamp", None, True),
    ],
)
def test_an_empty_value_vanishes_where_the_go_field_is_no_pointer(kind: str, path: str, value: Any, gone: bool) -> None:
    assert vanishes(kind, tuple(path.split(".")), value) is gone
