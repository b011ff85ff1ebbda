"""What an API server writes into fields of built-in kinds that nobody set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Siblings = Mapping[str, Any]
"""The desired fields beside the one in question, by which some defaults are chosen."""

NO_DEFAULT: Final = object()

ALIASES: Final[Mapping[str, str]] = {
    "initContainers": "containers",
    "ephemeralContainers": "containers",
    "livenessProbe": "probe",
    "readinessProbe": "probe",
    "startupProbe": "probe",
    "configMap": "files",
    "secret": "files",
    "projected": "files",
    "downwardAPI": "files",
}
"""Places that are defaulted alike."""

CONSTANTS: Final[Mapping[str, Any]] = {
    # pods
    "spec.restartPolicy": "Always",
    "spec.dnsPolicy": "ClusterFirst",
    "spec.schedulerName": "default-scheduler",
    "spec.securityContext": {},
    "spec.terminationGracePeriodSeconds": 30,
    "Pod:spec.enableServiceLinks": True,
    "containers.terminationMessagePath": "/dev/termination-log",
    "containers.terminationMessagePolicy": "File",
    "containers.resources": {},
    "template.metadata": {},
    "jobTemplate.metadata": {},
    "StatefulSet:spec.resources": {},
    "ports.protocol": "TCP",
    "probe.timeoutSeconds": 1,
    "probe.periodSeconds": 10,
    "probe.successThreshold": 1,
    "probe.failureThreshold": 3,
    "httpGet.scheme": "HTTP",
    "httpGet.path": "/",
    "grpc.service": "",
    "fieldRef.apiVersion": "v1",
    "resourceFieldRef.divisor": "0",
    "files.defaultMode": 420,
    "hostPath.type": "",
    "serviceAccountToken.expirationSeconds": 3600,
    "volumes.emptyDir": {},
    "iscsi.iscsiInterface": "default",
    "rbd.pool": "rbd",
    "rbd.user": "admin",
    "rbd.keyring": "/etc/ceph/keyring",
    "scaleIO.storageMode": "ThinProvisioned",
    "scaleIO.fsType": "xfs",
    "azureDisk.cachingMode": "ReadWrite",
    "azureDisk.fsType": "ext4",
    "azureDisk.kind": "Shared",
    "azureDisk.readOnly": False,
    # workloads
    "spec.replicas": 1,
    "spec.revisionHistoryLimit": 10,
    "Deployment:spec.progressDeadlineSeconds": 600,
    "Deployment:spec.strategy": {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    },
    "Deployment:strategy.type": "RollingUpdate",
    "Deployment:rollingUpdate.maxSurge": "25%",
    "Deployment:rollingUpdate.maxUnavailable": "25%",
    "DaemonSet:spec.updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
    "DaemonSet:updateStrategy.type": "RollingUpdate",
    "DaemonSet:rollingUpdate.maxSurge": 0,
    "DaemonSet:rollingUpdate.maxUnavailable": 1,
    "StatefulSet:spec.podManagementPolicy": "OrderedReady",
    "StatefulSet:spec.updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    "StatefulSet:updateStrategy.type": "RollingUpdate",
    "StatefulSet:rollingUpdate.partition": 0,
    "StatefulSet:rollingUpdate.maxUnavailable": 1,
    "StatefulSet:spec.persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    "persistentVolumeClaimRetentionPolicy.whenDeleted": "Retain",
    "persistentVolumeClaimRetentionPolicy.whenScaled": "Retain",
    "StatefulSet:volumeClaimTemplates.apiVersion": "v1",
    "StatefulSet:volumeClaimTemplates.kind": "PersistentVolumeClaim",
    "StatefulSet:volumeClaimTemplates.status": {"phase": "Pending"},
    "spec.completions": 1,
    "spec.parallelism": 1,
    "spec.backoffLimit": 6,
    "spec.completionMode": "NonIndexed",
    "spec.suspend": False,
    "spec.manualSelector": False,
    "spec.podReplacementPolicy": "TerminatingOrFailed",
    "onPodConditions.status": "True",
    "CronJob:spec.concurrencyPolicy": "Allow",
    "CronJob:spec.successfulJobsHistoryLimit": 3,
    "CronJob:spec.failedJobsHistoryLimit": 1,
    # services and network
    "Service:spec.type": "ClusterIP",
    "Service:spec.sessionAffinity": "None",
    "Service:spec.internalTrafficPolicy": "Cluster",
    "Service:spec.externalTrafficPolicy": "Cluster",
    "Service:spec.allocateLoadBalancerNodePorts": True,
    "clientIP.timeoutSeconds": 10800,
    "EndpointSlice:ports.name": "",
    "IngressClass:parameters.scope": "Cluster",
    "NetworkPolicy:spec.podSelector": {},
    # storage
    "spec.volumeMode": "Filesystem",
    "PersistentVolume:spec.persistentVolumeReclaimPolicy": "Retain",
    "StorageClass:.reclaimPolicy": "Delete",
    "StorageClass:.volumeBindingMode": "Immediate",
    "CSIDriver:spec.attachRequired": True,
    "CSIDriver:spec.podInfoOnMount": False,
    "CSIDriver:spec.storageCapacity": False,
    "CSIDriver:spec.fsGroupPolicy": "ReadWriteOnceWithFSType",
    "CSIDriver:spec.volumeLifecycleModes": ["Persistent"],
    "CSIDriver:spec.requiresRepublish": False,
    "CSIDriver:spec.seLinuxMount": False,
    # the rest
    "Secret:.type": "Opaque",
    "HorizontalPodAutoscaler:spec.minReplicas": 1,
    "scaleUp.selectPolicy": "Max",
    "scaleUp.stabilizationWindowSeconds": 0,
    "scaleDown.selectPolicy": "Max",
    "roleRef.apiGroup": "rbac.authorization.k8s.io",
    "PriorityClass:.preemptionPolicy": "PreemptLowerPriority",
    "webhooks.failurePolicy": "Fail",
    "webhooks.matchPolicy": "Equivalent",
    "webhooks.namespaceSelector": {},
    "webhooks.objectSelector": {},
    "webhooks.timeoutSeconds": 10,
    "MutatingWebhookConfiguration:webhooks.reinvocationPolicy": "Never",
    "rules.scope": "*",
    "resourceRules.scope": "*",
    "service.port": 443,
    "ValidatingAdmissionPolicy:spec.failurePolicy": "Fail",
    "matchConstraints.matchPolicy": "Equivalent",
    "matchConstraints.namespaceSelector": {},
    "matchConstraints.objectSelector": {},
    "matchResources.matchPolicy": "Equivalent",
    "matchResources.namespaceSelector": {},
    "matchResources.objectSelector": {},
    "CustomResourceDefinition:spec.conversion": {"strategy": "None"},
    "conversion.strategy": "None",
}
"""`<parent field>.<field>`, with the kind in front where the default is that kind's own → the default."""

SERVER_CHOSEN: Final = frozenset({
    "Service:spec.clusterIP",
    "Service:spec.clusterIPs",
    "Service:spec.ipFamilies",
    "Service:spec.ipFamilyPolicy",
    "Service:spec.healthCheckNodePort",
    "Service:ports.nodePort",
    "PersistentVolumeClaim:spec.volumeName",
    "PersistentVolumeClaim:spec.storageClassName",
    "Job:spec.selector",
    "ServiceAccount:.secrets",
})  # fmt: skip
"""Fields that a server fills in itself and keeps when an update leaves them out."""


def _pull_policy(siblings: Siblings) -> Any:
    image = str(siblings.get("image") or siblings.get("reference") or "").partition("@")
    tag = image[0].rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or image[2]) else "IfNotPresent"


def _subject_group(siblings: Siblings) -> Any:
    return "rbac.authorization.k8s.io" if siblings.get("kind") in ("User", "Group") else ""


def _policy_types(siblings: Siblings) -> Any:
    return ["Ingress", "Egress"] if siblings.get("egress") else ["Ingress"]


def _rolling(value: Any, *types: str | None) -> Callable[[Siblings], Any]:
    """The value for the types of strategy that take it; None stands for a type that nobody set."""
    return lambda siblings: value if siblings.get("type") in types else NO_DEFAULT


def _template_labels(siblings: Siblings) -> Any:
    metadata = (siblings.get("template") or {}).get("metadata") or {}
    return metadata.get("labels") or NO_DEFAULT


COMPUTED: Final[Mapping[str, Callable[[Siblings], Any]]] = {
    "containers.imagePullPolicy": _pull_policy,
    "image.pullPolicy": _pull_policy,
    "Deployment:strategy.rollingUpdate": _rolling(
        {"maxSurge": "25%", "maxUnavailable": "25%"}, None, "", "RollingUpdate"
    ),
    "DaemonSet:updateStrategy.rollingUpdate": _rolling({"maxSurge": 0, "maxUnavailable": 1}, None, "", "RollingUpdate"),
    "StatefulSet:updateStrategy.rollingUpdate": _rolling({"partition": 0}, None, ""),
    "ReplicationController:spec.selector": _template_labels,
    "Service:ports.targetPort": lambda siblings: siblings.get("port"),
    "subjects.apiGroup": _subject_group,
    "NetworkPolicy:spec.policyTypes": _policy_types,
    "spec.serviceAccount": lambda siblings: siblings.get("serviceAccountName", NO_DEFAULT),
    "spec.serviceAccountName": lambda siblings: siblings.get("serviceAccount", NO_DEFAULT),
    "names.singular": lambda siblings: str(siblings.get("kind", "")).lower(),
    "names.listKind": lambda siblings: f"{siblings.get('kind', '')}List",
}


def default(kind: str, path: tuple[str, ...], siblings: Siblings) -> Any:
    """The default of the field at `path` (field names only), or NO_DEFAULT."""
    for place in places(kind, path):
        if place in CONSTANTS:
            return CONSTANTS[place]
        if place in COMPUTED:
            return COMPUTED[place](siblings)
    return NO_DEFAULT


def is_server_chosen(kind: str, path: tuple[str, ...]) -> bool:
    return not SERVER_CHOSEN.isdisjoint(places(kind, path))


def places(kind: str, path: tuple[str, ...]) -> tuple[str, str]:
    """The two names by which the tables know a field: the kind's own, and the one for all kinds."""
    parent = path[-2] if len(path) > 1 else ""
    place = f"{ALIASES.get(parent, parent)}.{path[-1]}"
    return f"{kind}:{place}", place
