"""The table of kinds that have health, and how an object finds its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.models.manifest import JsonObject, split_api_version
from reconciler.models.observed import Health
from reconciler.models.words import HOOK_FINALIZER
from reconciler.plan.health.apiservice import api_service
from reconciler.plan.health.autoscaler import autoscaler
from reconciler.plan.health.daemonset import daemon_set
from reconciler.plan.health.deployment import deployment
from reconciler.plan.health.ingress import ingress
from reconciler.plan.health.job import job
from reconciler.plan.health.operators import check_of
from reconciler.plan.health.pod import pod
from reconciler.plan.health.replicaset import replica_set
from reconciler.plan.health.service import service
from reconciler.plan.health.statefulset import stateful_set
from reconciler.plan.health.volumeclaim import volume_claim
from reconciler.plan.health.workflow import workflow

Assessor = Callable[[JsonObject], Health]

ASSESSORS: Final[Mapping[tuple[str, str], tuple[frozenset[str], Assessor]]] = {
    ("apps", "Deployment"): (frozenset({"v1"}), deployment),
    ("apps", "StatefulSet"): (frozenset({"v1"}), stateful_set),
    ("apps", "DaemonSet"): (frozenset({"v1"}), daemon_set),
    ("apps", "ReplicaSet"): (frozenset({"v1"}), replica_set),
    ("", "Service"): (frozenset({"v1"}), service),
    ("", "PersistentVolumeClaim"): (frozenset({"v1"}), volume_claim),
    ("", "Pod"): (frozenset({"v1"}), pod),
    ("networking.k8s.io", "Ingress"): (frozenset({"v1", "v1beta1"}), ingress),
    ("extensions", "Ingress"): (frozenset({"v1beta1"}), ingress),
    ("batch", "Job"): (frozenset({"v1"}), job),
    ("autoscaling", "HorizontalPodAutoscaler"): (frozenset({"v1", "v2beta1", "v2beta2", "v2"}), autoscaler),
    ("apiregistration.k8s.io", "APIService"): (frozenset({"v1", "v1beta1"}), api_service),
    ("argoproj.io", "Workflow"): (frozenset({"v1alpha1"}), workflow),
}
"""Group and kind → versions that are understood, and the check. What operators define stands in `operators`."""

PENDING_DELETION: Final = Health("Progressing", "Pending deletion")


def assess(body: JsonObject) -> Health | None:
    """Health of a live object, or None where its kind has none (Argo CD: an unsupported version is Unknown)."""
    if is_going(body):
        return PENDING_DELETION
    group, version = split_api_version(body.get("apiVersion") or "")
    row = ASSESSORS.get((group, body.get("kind") or ""))
    if row is None:
        check = check_of(group, body.get("kind") or "")
        return check(body) if check else None
    versions, assessor = row
    if version not in versions:
        return Health("Unknown", f"unsupported API version {body.get('apiVersion')} of {body.get('kind')}")
    return assessor(body)


def is_going(body: JsonObject) -> bool:
    """Whether the object is being deleted, and not as a hook that has done its work."""
    metadata = body.get("metadata") or {}
    return bool(metadata.get("deletionTimestamp")) and HOOK_FINALIZER not in (metadata.get("finalizers") or ())
