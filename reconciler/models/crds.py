"""Our CustomResourceDefinitions, made from the models: `python -m reconciler.models.crds [--check] [folder]`.

Names, scope, columns and subresources are Argo CD's. The schemas are looser: types only, unknown fields kept, so that
every object that Argo CD's definitions accept is accepted and stored whole.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reconciler.models.application import Application
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.manifest import JsonObject
from reconciler.models.project import AppProject
from reconciler.models.wire import WireObject
from reconciler.models.words import GROUP, VERSION

HEADER = "# Made from reconciler/models by `python -m reconciler.models.crds`; do not edit.\n"
_KEEP = "x-kubernetes-preserve-unknown-fields"


@dataclass(frozen=True, slots=True)
class Definition:
    """One kind as the API server shall serve it."""

    model: type[WireObject]
    plural: str
    short_names: tuple[str, ...]
    columns: tuple[JsonObject, ...] = ()
    status_subresource: bool = False


DEFINITIONS = (
    Definition(
        Application,
        "applications",
        ("app", "apps"),
        (
            {"name": "Sync Status", "type": "string", "jsonPath": ".status.sync.status"},
            {"name": "Health Status", "type": "string", "jsonPath": ".status.health.status"},
            {"name": "Revision", "type": "string", "jsonPath": ".status.sync.revision", "priority": 10},
            {"name": "Project", "type": "string", "jsonPath": ".spec.project", "priority": 10},
        ),
    ),
    Definition(ApplicationSet, "applicationsets", ("appset", "appsets"), status_subresource=True),
    Definition(AppProject, "appprojects", ("appproj", "appprojs")),
)


def custom_resource_definition(definition: Definition) -> JsonObject:
    """The definition as an object for the API server."""
    kind = definition.model.__name__
    name = f"{definition.plural}.{GROUP}"
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": definition.plural,
        "shortNames": list(definition.short_names),
        "singular": kind.lower(),
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"}},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [_version(definition)]},
    }


def _version(definition: Definition) -> JsonObject:
    version: JsonObject = {"name": VERSION, "served": True, "storage": True}
    if definition.columns:
        version["additionalPrinterColumns"] = [dict(column) for column in definition.columns]
    if definition.status_subresource:
        version["subresources"] = {"status": {}}
    return version | {"schema": {"openAPIV3Schema": _object_schema(definition.model)}}


def _object_schema(model: type[WireObject]) -> JsonObject:
    """A whole object's schema: the API server itself looks after `metadata`."""
    described = model.model_json_schema(by_alias=True)
    schema = structural(described, described.get("$defs", {}))
    properties = schema["properties"] | {"metadata": {"type": "object"}}
    return schema | {"properties": properties, "required": sorted({*schema.get("required", ()), "metadata"})}


def structural(node: Mapping[str, Any], parts: Mapping[str, Any]) -> JsonObject:
    """Pydantic's JSON schema as API servers want it: no references, nulls, titles or defaults; unknown fields kept."""
    if "$ref" in node:
        return structural(parts[node["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in node:
        return _choice([choice for choice in node["anyOf"] if choice.get("type") != "null"], parts)
    schema: JsonObject = {"type": node["type"]}
    if node["type"] == "object":
        schema |= _fields(node, parts)
    if "items" in node:
        schema["items"] = structural(node["items"], parts)
    described = {"description": " ".join(node["description"].split())} if "description" in node else {}
    return described | schema


def _choice(choices: list[Mapping[str, Any]], parts: Mapping[str, Any]) -> JsonObject:
    if len(choices) == 1:
        return structural(choices[0], parts)
    if {choice["type"] for choice in choices} == {"integer", "string"}:
        return {"x-kubernetes-int-or-string": True}
    raise TypeError(f"a CustomResourceDefinition cannot say {choices}")


def _fields(node: Mapping[str, Any], parts: Mapping[str, Any]) -> JsonObject:
    values = node.get("additionalProperties")
    if isinstance(values, Mapping):
        return {"additionalProperties": structural(values, parts)}
    fields: JsonObject = {_KEEP: True}
    if properties := node.get("properties"):
        fields["properties"] = {name: structural(value, parts) for name, value in sorted(properties.items())}
    if required := node.get("required"):
        fields["required"] = sorted(required)
    return fields


def files() -> dict[str, str]:
    """File name → content of everything in `deploy/crds`."""
    made = {
        f"{definition.model.__name__.lower()}-crd.yaml": HEADER
        + yaml.safe_dump(custom_resource_definition(definition), sort_keys=False, width=120)
        for definition in DEFINITIONS
    }
    index = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": sorted(made)}
    return made | {"kustomization.yaml": HEADER + yaml.safe_dump(index, sort_keys=False)}


def main(arguments: list[str]) -> int:
    """Writes the files, or with `--check` names those that differ and returns 1."""
    folder = Path(next((text for text in arguments if not text.startswith("-")), "deploy/crds"))
    stale = [name for name, text in files().items() if not _holds(folder / name, text)]
    if "--check" in arguments:
        for name in stale:
            print(f"{folder / name} is not what the models say: run python -m reconciler.models.crds", file=sys.stderr)
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (folder / name).write_text(files()[name], encoding="utf-8")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
