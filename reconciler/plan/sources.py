"""The sources of an application together: which render, which only lend their files, and what cannot be combined.

Argo CD: multiple sources and `$ref`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reconciler.models.source import ApplicationSource

OCI = "oci://"
_REF = re.compile(r"[A-Za-z0-9_-]+")


def is_lender(source: ApplicationSource) -> bool:
    """Whether a source only lends its files to others: it has a `ref` and nothing of its own to render."""
    return bool(source.ref) and not (source.path or source.chart or source.repo_url.startswith(OCI))


def called(index: int, count: int) -> str:
    """What a source is called in messages; empty for the only one."""
    return f"source {index + 1} of {count}" if count > 1 else ""


def complaints(sources: Sequence[ApplicationSource], *, several: bool) -> Iterator[str]:
    """What makes these sources no specification, in Argo CD's words. `several`: they stand in `sources`."""
    if not sources:
        yield "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
    for index, source in enumerate(sources):
        what = called(index, len(sources))
        for complaint in _complaints(source, several=several):
            yield f"{what}: {complaint}" if what else complaint
    if len(sources) > 1:
        yield from _complaints_about_refs(sources)


def _complaints(source: ApplicationSource, *, several: bool) -> Iterator[str]:
    if several:
        if not source.repo_url or not (source.path or source.chart or source.ref):
            yield "spec.source.repoURL and either source.path, source.chart, or source.ref are required"
    elif not source.repo_url or not (source.path or source.chart):
        yield "spec.source.repoURL and either spec.source.path or spec.source.chart are required"
    if source.chart and not source.target_revision:
        yield "spec.source.targetRevision is required if the manifest source is a helm chart"
    if source.chart and source.ref:
        yield f"source.ref {source.ref}: a chart cannot lend its files, only a Git repository can"
    elif source.ref and source.repo_url.startswith(OCI):
        yield f"source.ref {source.ref}: an OCI artifact cannot lend its files, only a Git repository can"


def _complaints_about_refs(sources: Sequence[ApplicationSource]) -> Iterator[str]:
    refs = [source.ref for source in sources if source.ref]
    for ref in refs:
        if not _REF.fullmatch(ref):
            yield f"sources.ref {ref} cannot contain any special characters except '_' and '-'"
    if len(set(refs)) < len(refs):
        yield "invalid sources: multiple sources had the same `ref` key"
