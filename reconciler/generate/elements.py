"""Generator `list`: parameters as they are written."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from reconciler.generate.context import Context
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.params import Params
from reconciler.generate.reading import items, text
from reconciler.models.manifest import JsonObject


def from_list(spec: JsonObject, context: Context) -> list[Params]:
    """Each element, then those of `elementsYaml`. Without goTemplate elements hold texts and one map, `values`."""
    elements = items(spec, "elements")
    rows = list(elements) if context.form.is_go else [dict(_flat(element)) for element in elements]
    return rows + _written(text(spec, "elementsYaml"))


def _flat(element: JsonObject) -> Iterator[tuple[str, str]]:
    for name, value in element.items():
        if name == "values" and isinstance(value, dict):
            pairs = [(f"values.{key}", item) for key, item in value.items()]
        else:
            pairs = [(name, value)]
        for key, item in pairs:
            if not isinstance(item, str):
                raise GeneratorFault(f"elements: {key} must be a text; without goTemplate: true other values cannot be")
            yield key, item


def _written(document: str) -> list[Params]:
    try:
        found = yaml.safe_load(document) if document else None
    except yaml.YAMLError as error:
        raise GeneratorFault(f"elementsYaml is no YAML: {str(error).splitlines()[0]}") from None
    return items({"elementsYaml": found}, "elementsYaml")
