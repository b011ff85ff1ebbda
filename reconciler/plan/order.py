"""In which order objects are written: kinds that others need come first (Argo CD: kind rank, then name)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.plan.tracking import CRD

M = TypeVar("M", bound=Manifest)

KIND_ORDER: Final = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
)
"""Argo CD's order; every other kind comes after these."""

RANK: Final[Mapping[str, int]] = {kind: rank for rank, kind in enumerate(KIND_ORDER)}
NAMESPACE: Final = GroupKind("", "Namespace")


def rank(key: ObjectKey) -> tuple[int, str, str, str, str]:
    """Sort key of one object: kind rank, then kind, group, namespace and name, so that one kind stays together."""
    return (RANK.get(key.kind, len(KIND_ORDER)), key.kind, key.group, key.namespace, key.name)


def ordered(manifests: Iterable[M]) -> tuple[M, ...]:
    """Order of writing: by kind rank, but objects of a kind that a CRD among them defines come after all others."""
    return _sorted(manifests, reverse=False)


def prune_ordered(manifests: Iterable[M]) -> tuple[M, ...]:
    """Order of deletion: what depends on others goes first."""
    return _sorted(manifests, reverse=True)


def defined_kinds(manifests: Iterable[Manifest]) -> Mapping[GroupKind, bool]:
    """Kinds that CRDs among the manifests define → whether they live in namespaces."""
    specs = [manifest.body.get("spec") or {} for manifest in manifests if manifest.group_kind == CRD]
    return {
        GroupKind(spec.get("group", ""), (spec.get("names") or {}).get("kind", "")): spec.get("scope") != "Cluster"
        for spec in specs
    }


def _sorted(manifests: Iterable[M], *, reverse: bool) -> tuple[M, ...]:
    every = tuple(manifests)
    # A custom kind may bear the name of a built-in one that goes before CRDs (Calico's NetworkPolicy does).
    own = defined_kinds(every)
    return tuple(sorted(every, key=lambda manifest: (manifest.group_kind in own, rank(manifest.key)), reverse=reverse))
