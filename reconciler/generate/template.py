"""Templates of Applications: overridden by a generator's own, patched with the parameters."""

from __future__ import annotations

from typing import Any

import yaml

from reconciler.generate.faults import GeneratorFault
from reconciler.models.manifest import JsonObject
from reconciler.models.words import API_VERSION, FINALIZER

DIRECTIVE = "$patch"
DELETE_FROM = "$deleteFromPrimitiveList/"
ORDER_OF = "$setElementOrder/"


def merged(own: Any, general: Any) -> Any:
    """A generator's template over the set's: what it leaves empty is taken from there. Argo CD: mergo.Merge."""
    if isinstance(own, dict) and isinstance(general, dict):
        return {name: merged(own.get(name), general.get(name)) for name in {**general, **own}}
    return general if own in (None, "", 0, False, [], {}) else own


def application(filled: JsonObject, namespace: str, *, preserve: bool) -> JsonObject:
    """The Application that a filled template describes. Argo CD: it lies in the set's namespace, whatever it says.

    A finalizer that takes its objects along is added where the template has none, unless they are to be preserved.
    """
    metadata = filled.get("metadata") or {}
    finalizers = metadata.get("finalizers") or ([] if preserve else [FINALIZER])
    given = {"labels": metadata.get("labels"), "annotations": metadata.get("annotations"), "finalizers": finalizers}
    return {
        "apiVersion": API_VERSION,
        "kind": "Application",
        "metadata": {
            "name": metadata.get("name") or "",
            "namespace": namespace,
            **{name: value for name, value in given.items() if value},
        },
        "spec": filled.get("spec") or {},
    }


def patched(body: JsonObject, text: str) -> JsonObject:
    """The Application with a filled templatePatch over it. Raises GeneratorFault.

    Argo CD: a strategic merge; the project, and here the name's namespace too, stay as the template says.
    """
    try:
        patch = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise GeneratorFault(f"templatePatch is no YAML: {str(error).splitlines()[0]}") from None
    if patch is None:
        return body
    if not isinstance(patch, dict):
        raise GeneratorFault("templatePatch must be an object with metadata or spec")
    unknown = set(patch) - {"apiVersion", "kind", "metadata", "spec", "operation"}
    if unknown:
        raise GeneratorFault(f"templatePatch: {', '.join(sorted(unknown))} is no part of an Application")
    made = laid(body, patch)
    spec = {**made["spec"], "project": body["spec"].get("project", "")}
    return {**made, "metadata": {**made["metadata"], "namespace": body["metadata"]["namespace"]}, "spec": spec}


def laid(body: JsonObject, patch: JsonObject) -> JsonObject:
    """A strategic merge: null takes away, maps go into maps, lists replace, but finalizers are added."""
    if patch.get(DIRECTIVE) == "replace":
        return {name: value for name, value in patch.items() if name != DIRECTIVE}
    result = dict(body)
    for name, value in patch.items():
        if name == DIRECTIVE or name.startswith(ORDER_OF):
            continue
        if name.startswith(DELETE_FROM):
            target = name.removeprefix(DELETE_FROM)
            result[target] = [item for item in result.get(target) or [] if item not in (value or [])]
        elif value is None or (isinstance(value, dict) and value.get(DIRECTIVE) == "delete"):
            result.pop(name, None)
        elif isinstance(value, dict):
            under = result.get(name)
            result[name] = laid(under if isinstance(under, dict) else {}, value)
        elif name == "finalizers":
            result[name] = list(dict.fromkeys([*(result.get(name) or []), *value]))
        else:
            result[name] = value
    return result
