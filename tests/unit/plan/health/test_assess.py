"""Every kind that has health, state by state: what the object says, and what it amounts to."""

from typing import Any

import pytest

from reconciler.models.observed import Health
from reconciler.plan.health import assess
from reconciler.plan.health.assess import ASSESSORS

VERSIONS = {"apps": "v1", "batch": "v1", "": "v1", "autoscaling": "v2", "networking.k8s.io": "v1"}


def an_object(kind: str, group: str = "", version: str = "", **rest: Any) -> dict[str, Any]:
    served = version or VERSIONS.get(group, "v1")
    api_version = f"{group}/{served}" if group else served
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "generation": 2}, **rest}


def a_condition(kind: str, status: str = "True", **rest: str) -> dict[str, str]:
    return {"type": kind, "status": status, **rest}


def status(body: dict[str, Any]) -> str | None:
    health = assess(body)
    return health.status if health else None


SEEN = {"observedGeneration": 2}


@pytest.mark.parametrize(
    ("spec", "found", "expected"),
    [
        ({"paused": True}, {}, "Suspended"),
        ({"replicas": 2}, {"observedGeneration": 1}, "Progressing"),
        ({"replicas": 2}, {**SEEN, "updatedReplicas": 1}, "Progressing"),
        ({"replicas": 2}, {**SEEN, "updatedReplicas": 2, "replicas": 3, "availableReplicas": 2}, "Progressing"),
        ({"replicas": 2}, {**SEEN, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 1}, "Progressing"),
        ({"replicas": 2}, {**SEEN, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}, "Healthy"),
        ({"replicas": 0}, SEEN, "Healthy"),
    ],
)
def test_a_deployment_is_healthy_when_its_rollout_is_complete(spec: Any, found: Any, expected: str) -> None:
    assert status(an_object("Deployment", "apps", spec=spec, status=found)) == expected


def test_a_deployment_past_its_deadline_is_degraded() -> None:
    late = a_condition("Progressing", "False", reason="ProgressDeadlineExceeded")
    body = an_object("Deployment", "apps", spec={"replicas": 1}, status={**SEEN, "conditions": [late]})
    assert assess(body) == Health("Degraded", 'Deployment "web" exceeded its progress deadline')


@pytest.mark.parametrize(
    ("strategy", "found", "expected"),
    [
        ({}, {}, "Progressing"),
        ({}, {**SEEN, "readyReplicas": 1}, "Progressing"),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}, {"updatedReplicas": 1}, "Progressing"),
        ({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, {"updatedReplicas": 1}, "Healthy"),
        ({"type": "OnDelete"}, {"updateRevision": "b", "currentRevision": "a"}, "Healthy"),
        ({"type": "RollingUpdate"}, {"updateRevision": "b", "currentRevision": "a"}, "Progressing"),
        ({"type": "RollingUpdate"}, {"updateRevision": "a", "currentRevision": "a"}, "Healthy"),
    ],
)
def test_a_stateful_set_waits_for_pods_and_then_for_its_rollout(strategy: Any, found: Any, expected: str) -> None:
    ready = {**SEEN, "readyReplicas": 2, **found} if strategy else found
    body = an_object("StatefulSet", "apps", spec={"replicas": 2, "updateStrategy": strategy}, status=ready)
    assert status(body) == expected


@pytest.mark.parametrize(
    ("strategy", "found", "expected"),
    [
        ("RollingUpdate", {"observedGeneration": 1}, "Progressing"),
        ("RollingUpdate", {**SEEN, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1}, "Progressing"),
        ("RollingUpdate", {**SEEN, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1}, "Progressing"),
        (
            "RollingUpdate",
            {**SEEN, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1},
            "Healthy",
        ),
        ("OnDelete", {**SEEN, "desiredNumberScheduled": 2}, "Healthy"),
    ],
)
def test_a_daemon_set_needs_all_its_pods_updated_and_available(strategy: str, found: Any, expected: str) -> None:
    spec = {"updateStrategy": {"type": strategy}}
    assert status(an_object("DaemonSet", "apps", spec=spec, status=found)) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"observedGeneration": 1}, "Progressing"),
        ({**SEEN, "conditions": [a_condition("ReplicaFailure")]}, "Degraded"),
        ({**SEEN, "availableReplicas": 1}, "Progressing"),
        ({**SEEN, "availableReplicas": 2}, "Healthy"),
    ],
)
def test_a_replica_set_needs_its_replicas(found: Any, expected: str) -> None:
    assert status(an_object("ReplicaSet", "apps", spec={"replicas": 2}, status=found)) == expected


ADDRESS = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}


@pytest.mark.parametrize(
    ("kind", "group", "spec", "found", "expected"),
    [
        ("Service", "", {"type": "ClusterIP"}, {}, "Healthy"),
        ("Service", "", {"type": "LoadBalancer"}, {}, "Progressing"),
        ("Service", "", {"type": "LoadBalancer"}, ADDRESS, "Healthy"),
        ("Ingress", "networking.k8s.io", {}, {}, "Progressing"),
        ("Ingress", "networking.k8s.io", {}, ADDRESS, "Healthy"),
        ("PersistentVolumeClaim", "", {}, {"phase": "Bound"}, "Healthy"),
        ("PersistentVolumeClaim", "", {}, {"phase": "Pending"}, "Progressing"),
        ("PersistentVolumeClaim", "", {}, {"phase": "Lost"}, "Degraded"),
        ("PersistentVolumeClaim", "", {}, {}, "Unknown"),
        ("Job", "batch", {}, {}, "Progressing"),
        ("Job", "batch", {}, {"conditions": [a_condition("Failed")]}, "Degraded"),
        ("Job", "batch", {}, {"conditions": [a_condition("Complete")]}, "Healthy"),
        ("Job", "batch", {}, {"conditions": [a_condition("Suspended")]}, "Suspended"),
        ("Job", "batch", {}, {"conditions": [a_condition("Suspended", "False")]}, "Progressing"),
        ("APIService", "apiregistration.k8s.io", {}, {}, "Progressing"),
        ("APIService", "apiregistration.k8s.io", {}, {"conditions": [a_condition("Available")]}, "Healthy"),
        (
            "APIService",
            "apiregistration.k8s.io",
            {},
            {"conditions": [a_condition("Available", "False")]},
            "Progressing",
        ),
    ],
)
def test_small_kinds(kind: str, group: str, spec: Any, found: Any, expected: str) -> None:
    assert status(an_object(kind, group, spec=spec, status=found)) == expected


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("", "Progressing"),
        ("Running", "Progressing"),
        ("Succeeded", "Healthy"),
        ("Error", "Degraded"),
        ("?", "Unknown"),
    ],
)
def test_a_workflow_goes_by_its_phase(phase: str, expected: str) -> None:
    assert status(an_object("Workflow", "argoproj.io", "v1alpha1", status={"phase": phase})) == expected


AUTOSCALER = "HorizontalPodAutoscaler"


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], "Progressing"),
        ([a_condition("AbleToScale")], "Healthy"),
        ([a_condition("ScalingLimited")], "Healthy"),
        ([a_condition("AbleToScale", "False", reason="FailedGetScale")], "Degraded"),
        ([a_condition("ScalingActive", "False", reason="FailedGetResourceMetric")], "Degraded"),
        ([a_condition("ScalingActive", "False", reason="ScalingDisabled")], "Progressing"),
    ],
)
def test_an_autoscaler_goes_by_its_conditions(conditions: Any, expected: str) -> None:
    assert status(an_object(AUTOSCALER, "autoscaling", status={"conditions": conditions})) == expected


def test_an_autoscaler_of_the_first_version_has_its_conditions_in_an_annotation() -> None:
    key = "autoscaling.alpha.kubernetes.io/conditions"
    body = an_object(AUTOSCALER, "autoscaling", "v1")
    body["metadata"]["annotations"] = {key: '[{"type":"AbleToScale","status":"True"}]'}
    assert status(body) == "Healthy"
    body["metadata"]["annotations"] = {key: "{not json"}
    assert status(body) == "Progressing"


def waiting(reason: str) -> dict[str, Any]:
    return {"name": "main", "state": {"waiting": {"reason": reason, "message": "it fails"}}}


def ended(**state: Any) -> dict[str, Any]:
    return {"name": "main", "state": {"terminated": state}}


READY = [a_condition("Ready")]


@pytest.mark.parametrize(
    ("restart", "found", "expected"),
    [
        (
            "Always",
            {"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff")]},
            Health("Degraded", "it fails"),
        ),
        (
            "Always",
            {"phase": "Pending", "containerStatuses": [waiting("ErrImagePull")]},
            Health("Degraded", "it fails"),
        ),
        ("Always", {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}, Health("Progressing")),
        ("Never", {"phase": "Pending", "containerStatuses": [waiting("ErrImagePull")]}, Health("Progressing")),
        ("Always", {"phase": "Running", "conditions": READY}, Health("Healthy")),
        ("Always", {"phase": "Running"}, Health("Progressing")),
        (
            "Always",
            {"phase": "Running", "containerStatuses": [{"lastState": {"terminated": {"a": 1}}}]},
            Health("Degraded"),
        ),
        ("Never", {"phase": "Running", "conditions": READY}, Health("Progressing")),
        ("Never", {"phase": "Succeeded"}, Health("Healthy")),
        ("Never", {"phase": "Failed", "message": "evicted"}, Health("Degraded", "evicted")),
        ("Never", {"phase": "Failed", "containerStatuses": [ended(message="bad")]}, Health("Degraded", "bad")),
        (
            "Never",
            {"phase": "Failed", "containerStatuses": [ended(reason="OOMKilled")]},
            Health("Degraded", "OOMKilled"),
        ),
        (
            "Never",
            {"phase": "Failed", "initContainerStatuses": [ended(exitCode=3)]},
            Health("Degraded", 'container "main" failed with exit code 3'),
        ),
        ("Never", {"phase": "Failed"}, Health("Degraded")),
        ("Never", {}, Health("Unknown")),
    ],
)
def test_a_pod_goes_by_its_phase_and_its_containers(restart: str, found: Any, expected: Health) -> None:
    assert assess(an_object("Pod", spec={"restartPolicy": restart}, status=found)) == expected


def test_a_pod_may_ask_to_be_judged_as_if_it_restarted_always_but_a_hook_may_not() -> None:
    body = an_object("Pod", spec={"restartPolicy": "Never"}, status={"phase": "Running", "conditions": READY})
    body["metadata"]["annotations"] = {"argocd.argoproj.io/ignore-restart-policy": "true"}
    assert status(body) == "Healthy"
    body["metadata"]["annotations"]["argocd.argoproj.io/hook"] = "PreSync"
    assert status(body) == "Progressing"


def test_what_is_being_deleted_is_progressing_but_for_a_hook_whose_result_is_not_yet_read() -> None:
    body = an_object("ConfigMap")
    body["metadata"]["deletionTimestamp"] = "2026-05-04T12:00:00Z"
    assert assess(body) == Health("Progressing", "Pending deletion")
    body["metadata"]["finalizers"] = ["argocd.argoproj.io/hook-finalizer"]
    assert assess(body) is None


def test_other_kinds_have_no_health_and_unsupported_versions_an_unknown_one() -> None:
    assert assess(an_object("ConfigMap")) is None
    assert assess(an_object("Application", "argoproj.io", "v1alpha1")) is None
    assert status(an_object("Deployment", "apps", "v1beta1")) == "Unknown"


def test_no_check_stumbles_over_an_object_without_status() -> None:
    for (group, kind), (versions, _) in ASSESSORS.items():
        for version in versions:
            assert assess(an_object(kind, group, version)) is not None, kind
