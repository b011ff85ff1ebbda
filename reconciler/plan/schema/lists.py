"""How lists and maps of built-in kinds merge: item by item, by which keys, or as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Keys = tuple[str, ...]

SET: Final[Keys] = ()
"""A list of plain values without order or repetition."""

POD_KINDS: Final = frozenset({
    "Pod",
    "PodTemplate",
    "ReplicationController",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Job",
    "CronJob",
})  # fmt: skip

POD_LISTS: Final[Mapping[str, Keys]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "schedulingGates": ("name",),
    "resourceClaims": ("name",),
    "claims": ("name",),
}
"""Lists anywhere in a pod or its template."""

KIND_LISTS: Final[Mapping[tuple[str, str], Keys]] = {
    ("Service", "ports"): ("port", "protocol"),
    ("ServiceAccount", "secrets"): ("name",),
    ("ValidatingWebhookConfiguration", "webhooks"): ("name",),
    ("ValidatingWebhookConfiguration", "matchConditions"): ("name",),
    ("MutatingWebhookConfiguration", "webhooks"): ("name",),
    ("MutatingWebhookConfiguration", "matchConditions"): ("name",),
    ("ValidatingAdmissionPolicy", "matchConditions"): ("name",),
    ("ValidatingAdmissionPolicy", "variables"): ("name",),
    ("ValidatingAdmissionPolicyBinding", "validationActions"): SET,
    ("CSIDriver", "volumeLifecycleModes"): SET,
}

METADATA_LISTS: Final[Mapping[str, Keys]] = {"finalizers": SET, "ownerReferences": ("uid",)}

KEY_DEFAULTS: Final[Mapping[str, str]] = {"protocol": "TCP"}
"""Key fields that may be left out of an item."""

ATOMIC_MAPS: Final = frozenset({
    "configMapKeyRef",
    "dataSource",
    "fieldRef",
    "labelSelector",
    "namespaceSelector",
    "nodeSelector",
    "objectSelector",
    "podSelector",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "resourceFieldRef",
    "roleRef",
    "scaleTargetRef",
    "scopeSelector",
    "secretKeyRef",
    "selector",
})  # fmt: skip
"""Objects that are written as a whole: a field that somebody added there is a difference."""


def built_in_list(kind: str, path: tuple[str, ...]) -> Keys | None:
    """Keys of the items of the list at `path` (field names only), `SET`, or None where it is written as a whole."""
    name = path[-1]
    if path[0] == "metadata":
        return METADATA_LISTS.get(name)
    found = KIND_LISTS.get((kind, name))
    if found is None and kind in POD_KINDS:
        return POD_LISTS.get(name)
    return found
