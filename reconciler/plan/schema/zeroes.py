"""Which empty values of built-in kinds vanish when a server stores them, because the Go field is no pointer."""

from __future__ import annotations

from typing import Any, Final

POINTERS: Final = frozenset({
    "activeDeadlineSeconds",
    "allocateLoadBalancerNodePorts",
    "allowPrivilegeEscalation",
    "allowVolumeExpansion",
    "appProtocol",
    "attachRequired",
    "automountServiceAccountToken",
    "averageUtilization",
    "backoffLimit",
    "backoffLimitPerIndex",
    "completions",
    "default",
    "defaultMode",
    "enableServiceLinks",
    "endPort",
    "example",
    "expirationSeconds",
    "failedJobsHistoryLimit",
    "fsGroup",
    "hostProcess",
    "hostUsers",
    "immutable",
    "ingressClassName",
    "leaseDurationSeconds",
    "leaseTransitions",
    "lendablePercent",
    "limitBytes",
    "loadBalancerClass",
    "localhostProfile",
    "managedBy",
    "manualSelector",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maxSurge",
    "maxUnavailable",
    "maximum",
    "minAvailable",
    "minDomains",
    "minItems",
    "minLength",
    "minProperties",
    "minReplicas",
    "minimum",
    "mode",
    "multipleOf",
    "nominalConcurrencyShares",
    "optional",
    "parallelism",
    "partition",
    "podInfoOnMount",
    "priority",
    "privileged",
    "progressDeadlineSeconds",
    "readOnlyRootFilesystem",
    "replicas",
    "requiresRepublish",
    "revisionHistoryLimit",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "runtimeClassName",
    "seLinuxMount",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "stabilizationWindowSeconds",
    "startingDeadlineSeconds",
    "storageCapacity",
    "successfulJobsHistoryLimit",
    "suspend",
    "targetCPUUtilizationPercentage",
    "terminationGracePeriodSeconds",
    "timeZone",
    "tolerationSeconds",
    "trafficDistribution",
    "ttlSecondsAfterFinished",
    "volumeAttributesClassName",
    "x-kubernetes-preserve-unknown-fields",
})  # fmt: skip
"""Fields whose zero says something else than their absence, and so is stored."""

NULL_STRINGS: Final = frozenset({"PersistentVolumeClaim:spec.storageClassName", "StatefulSet:spec.storageClassName"})
"""Texts whose emptiness is stored, by kind, for names that other kinds use for ordinary texts."""

MAPS: Final = frozenset({
    "allocatable",
    "annotations",
    "binaryData",
    "capacity",
    "data",
    "default",
    "defaultRequest",
    "drivers",
    "hard",
    "labels",
    "limits",
    "matchLabels",
    "max",
    "maxLimitRequestRatio",
    "min",
    "nodeSelector",
    "options",
    "parameters",
    "podFixed",
    "properties",
    "requests",
    "stringData",
    "volumeAttributes",
})  # fmt: skip
"""Maps with keys of the user's own: an empty one vanishes, an empty value in one does not."""


PLAIN_SELECTORS: Final = frozenset({"Service", "ReplicationController"})
"""Kinds whose selector is a map of labels, not an object that holds one."""


def vanishes(kind: str, path: tuple[str, ...], value: Any) -> bool:
    """Whether an API server would store nothing for `value` at `path` (field names only) of a built-in kind."""
    if value is None:
        return True
    parent, name = path[-2] if len(path) > 1 else "", path[-1]
    if parent in MAPS:
        return False
    if isinstance(value, dict):
        return not value and (name in MAPS or (name == "selector" and kind in PLAIN_SELECTORS))
    if isinstance(value, list):
        return not value
    return not value and name not in POINTERS and f"{kind}:{parent}.{name}" not in NULL_STRINGS
