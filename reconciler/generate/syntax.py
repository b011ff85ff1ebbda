"""Finds Go template syntax where it would not be read: without `goTemplate: true` it would end up in names as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.generate.faults import GeneratorFault

_GO = re.compile(
    r"\{\{-?\s*(?:\.|\$|(?:if|else|end|range|with|define|template|block|index|printf|normalize|slugify|toYaml)\b|\()"
    r"|\{\{[^{}]*\|[^{}]*\}\}"
)
_TAG = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_SIMPLE = re.compile(r"\{\{-?\s*\.([\w.\-]+)\s*-?\}\}")

OTHER_LANGUAGES: Final = frozenset({"helm", "kustomize", "plugin", "jsonnet", "info", "ignoreDifferences"})
"""Fields of an Application whose text may hold braces of its own, which the simple form leaves as they are."""


def require_go_template(texts: Mapping[str, Any]) -> None:
    """`texts` are parts of a spec by their path. Raises GeneratorFault that names the first place and both ways out."""
    for root, value in texts.items():
        for path, text in _texts(root, value):
            if _GO.search(text):
                raise GeneratorFault(_words(path, text))


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name not in OTHER_LANGUAGES:
                yield from _texts(f"{path}.{name}", item)
                yield from _texts(f"{path} (key)", name)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _texts(f"{path}[{number}]", item)


def _words(path: str, text: str) -> str:
    tag = _TAG.search(text)
    shown = (tag.group() if tag else text)[:100]
    simple = _SIMPLE.fullmatch(shown)
    other = f"write {{{{{simple[1]}}}}}" if simple else "write plain {{name}} placeholders"
    return f"{path} holds Go template syntax, {shown!r}: set spec.goTemplate to true, or {other} instead"
