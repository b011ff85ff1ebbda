"""Takes away what never counts as a difference (Argo CD: normalisation before comparison).

Every function shares what it does not change with its input: a copy of a whole object costs more than comparing it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.models.customizations import Customizations
from reconciler.models.customizations.kinds import NO_CUSTOMIZATIONS
from reconciler.models.keys import GroupKind
from reconciler.models.manifest import JsonObject, split_api_version
from reconciler.models.words import LAST_APPLIED
from reconciler.plan.knowntypes import BUILT_IN, spelled_alike

VOLATILE: Final = frozenset({"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"})
"""Metadata that an API server writes by itself."""

RBAC: Final = "rbac.authorization.k8s.io"
CLUSTER_ROLE: Final = GroupKind(RBAC, "ClusterRole")
DEFINITION: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")


def normalized(body: JsonObject, settings: Customizations = NO_CUSTOMIZATIONS) -> JsonObject:
    """The object without status, server-written metadata and known noise, be it live, desired or predicted.

    `settings` may keep the status of some kinds, and add to what is noise.
    """
    group, _ = split_api_version(body.get("apiVersion") or "")
    kind = GroupKind(group, body.get("kind") or "")
    result = {name: value for name, value in body.items() if name != "status" or _keeps_status(kind, settings)}
    metadata = body.get("metadata")
    if metadata:
        result["metadata"] = _metadata(metadata)
    if settings.ignores_aggregated_roles and kind == CLUSTER_ROLE and result.get("aggregationRule"):
        # A controller gathers the rules of such a role from others.
        result.pop("rules", None)
    special = BY_KIND.get(kind)
    known = (*BUILT_IN.get(kind, ()), *settings.known_fields_of(kind))
    return spelled_alike(special(result) if special else result, known)


def _keeps_status(kind: GroupKind, settings: Customizations) -> bool:
    return settings.ignored_status == "none" or (settings.ignored_status == "crd" and kind != DEFINITION)


def _metadata(metadata: JsonObject) -> JsonObject:
    result = {name: value for name, value in metadata.items() if name not in VOLATILE and value not in (None, {})}
    annotations = result.get("annotations")
    # kubectl's record of its last apply goes when server-side apply takes over: that alone is no difference.
    if annotations and LAST_APPLIED in annotations:
        kept = {name: value for name, value in annotations.items() if name != LAST_APPLIED}
        if kept:
            result["annotations"] = kept
        else:
            del result["annotations"]
    return result


def merged_secret(body: JsonObject) -> JsonObject:
    """A Secret as the server stores it: `stringData` in `data`, null values empty, base64 without line breaks."""
    data = {name: _one_line(value) for name, value in (body.get("data") or {}).items()}
    for name, text in (body.get("stringData") or {}).items():
        data[name] = b64encode(str(text if text is not None else "").encode()).decode()
    result = {name: value for name, value in body.items() if name not in ("data", "stringData")}
    return {**result, "data": data} if data else result


def _one_line(value: Any) -> Any:
    if value is None:
        return ""
    return value.translate(_LINE_BREAKS) if isinstance(value, str) and not value.isalnum() else value


_LINE_BREAKS: Final = {ord("\n"): None, ord("\r"): None}


def _config_map(body: JsonObject) -> JsonObject:
    binary = body.get("binaryData")
    if not binary:
        return body
    return {**body, "binaryData": {name: _one_line(value) for name, value in binary.items()}}


def _role(body: JsonObject) -> JsonObject:
    return body if body.get("rules") else {name: value for name, value in body.items() if name != "rules"}


def _limit_range(body: JsonObject) -> JsonObject:
    spec = body.get("spec") or {}
    if not spec.get("limits"):
        return body
    return {**body, "spec": {**spec, "limits": [_container_limits(item) for item in spec["limits"]]}}


def _container_limits(item: JsonObject) -> JsonObject:
    """Defaults that an API server works out from the other limits of containers."""
    if item.get("type") != "Container":
        return item
    limit = {**(item.get("max") or {}), **(item.get("default") or {})}
    request = {**(item.get("min") or {}), **limit, **(item.get("defaultRequest") or {})}
    return {**item, "default": limit, "defaultRequest": request}


def _endpoints(body: JsonObject) -> JsonObject:
    subsets = body.get("subsets")
    if not isinstance(subsets, list):
        return body
    return {**body, "subsets": sorted((_sorted_subset(subset) for subset in subsets), key=repr)}


def _sorted_subset(subset: Mapping[str, Any]) -> JsonObject:
    return {name: sorted(value, key=repr) if isinstance(value, list) else value for name, value in subset.items()}


BY_KIND: Final[Mapping[GroupKind, Callable[[JsonObject], JsonObject]]] = {
    GroupKind("", "Secret"): merged_secret,
    GroupKind("", "ConfigMap"): _config_map,
    GroupKind("", "Endpoints"): _endpoints,
    GroupKind("", "LimitRange"): _limit_range,
    GroupKind(RBAC, "Role"): _role,
    CLUSTER_ROLE: _role,
}
