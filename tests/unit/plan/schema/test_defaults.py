from typing import Any

import pytest

from reconciler.plan.schema.defaults import NO_DEFAULT, default, is_server_chosen

POD = "spec.template.spec"


@pytest.mark.parametrize(
    ("kind", "path", "siblings", "expected"),
    [
        ("Deployment", "spec.replicas", {}, 1),
        ("Deployment", f"{POD}.containers.livenessProbe.periodSeconds", {}, 10),
        ("Deployment", f"{POD}.initContainers.imagePullPolicy", {"image": "a"}, "Always"),
        ("Deployment", f"{POD}.containers.imagePullPolicy", {"image": "r:5000/a:1"}, "IfNotPresent"),
        ("Deployment", f"{POD}.containers.imagePullPolicy", {"image": "r:5000/a"}, "Always"),
        ("Deployment", f"{POD}.containers.imagePullPolicy", {"image": "a@sha256:0"}, "IfNotPresent"),
        ("Deployment", f"{POD}.volumes.secret.defaultMode", {}, 420),
        ("Deployment", "spec.strategy.rollingUpdate", {"type": "Recreate"}, NO_DEFAULT),
        ("DaemonSet", "spec.updateStrategy.rollingUpdate", {}, {"maxSurge": 0, "maxUnavailable": 1}),
        ("StatefulSet", "spec.updateStrategy.rollingUpdate", {"type": "RollingUpdate"}, NO_DEFAULT),
        ("Service", "spec.ports.targetPort", {"port": 80}, 80),
        ("Service", "spec.type", {}, "ClusterIP"),
        ("Widget", "spec.type", {}, NO_DEFAULT),
        ("NetworkPolicy", "spec.policyTypes", {"egress": [{}]}, ["Ingress", "Egress"]),
        ("RoleBinding", "subjects.apiGroup", {"kind": "User"}, "rbac.authorization.k8s.io"),
        ("RoleBinding", "subjects.apiGroup", {"kind": "ServiceAccount"}, ""),
        ("Secret", "type", {}, "Opaque"),
        ("CustomResourceDefinition", "spec.names.listKind", {"kind": "Thing"}, "ThingList"),
        ("Pod", "spec.serviceAccount", {"serviceAccountName": "runner"}, "runner"),
        ("ReplicationController", "spec.selector", {"template": {"metadata": {"labels": {"a": "b"}}}}, {"a": "b"}),
    ],
)
def test_the_default_is_what_an_api_server_writes(
    kind: str, path: str, siblings: dict[str, Any], expected: Any
) -> None:
    assert default(kind, tuple(path.split(".")), siblings) == expected


def test_what_a_server_chose_stays_when_it_is_left_out() -> None:
    assert is_server_chosen("Service", ("spec", "ports", "nodePort"))
    assert not is_server_chosen("Service", ("spec", "ports", "port"))
