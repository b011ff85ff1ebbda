"""The simple form of templates: `{{name}}` becomes the parameter of that name, and nothing else happens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.generate.faults import GeneratorFault

_TEMPLATED = re.compile(r".*\{\{.*\}\}.*")


def filled(template: Any, params: Mapping[str, Any]) -> Any:
    """`template` with every text in it filled, and every key. Raises GeneratorFault for a tag that stands open."""
    if isinstance(template, str):
        return filled_text(template, params)
    if isinstance(template, dict):
        return {filled_text(key, params): filled(value, params) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(item, params) for item in template]
    return template


def filled_text(text: str, params: Mapping[str, Any]) -> str:
    """Argo CD: fasttemplate. A name that is no parameter, or whose value is no text, stays as it is written."""
    if "{{" not in text or not _TEMPLATED.search(text):
        return text
    parts, position = [], 0
    while (start := text.find("{{", position)) >= 0:
        end = text.find("}}", start + 2)
        if end < 0:
            raise GeneratorFault(f"template {text[:200]!r}: the tag that opens at character {start + 1} is not closed")
        value = params.get(text[start + 2 : end].strip())
        parts += [text[position:start], value if isinstance(value, str) else text[start : end + 2]]
        position = end + 2
    return "".join([*parts, text[position:]])
