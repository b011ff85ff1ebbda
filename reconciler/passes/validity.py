"""Looks before the first write whether what is to be written can be: by the cluster's schemas, without a call each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.clusters.cluster import Cluster
from reconciler.errors import ReconcilerError
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.models.observed import Desired, Observed
from reconciler.models.operation import SyncOperation
from reconciler.plan.order import defined_kinds
from reconciler.plan.schema.openapi import Document
from reconciler.plan.schema.validate import problems, without_unknown
from reconciler.plan.way import is_strict

PROVEN = frozenset({"record", "owned-fields"})


def tolerant(desired: Desired, cluster: Cluster, sync: SyncOperation) -> Desired:
    """What is wanted, without unknown fields where `Validate=false` lets them pass: apply itself would refuse them."""
    if all(is_strict(manifest, sync) for manifest in (*desired.manifests, *desired.hooks)):
        return desired
    return replace(
        desired,
        manifests=tuple(_tolerated(manifest, cluster, sync) for manifest in desired.manifests),
        hooks=tuple(_tolerated(manifest, cluster, sync) for manifest in desired.hooks),
    )


def invalid(desired: Desired, observed: Observed, cluster: Cluster, sync: SyncOperation) -> dict[ObjectKey, str]:
    """Why objects would be refused, of all that is not proven to be as it should be.

    A kind whose definition comes along is left to the server: what it will be is not known yet.
    """
    unproven = [item for item in desired.manifests if not _is_proven(item, observed)]
    every = (*unproven, *(desired.hooks if observed.hooks is not None else ()))
    coming = defined_kinds(unproven)
    return dict(_complaints([item for item in every if item.group_kind not in coming], cluster, sync))


def _complaints(
    manifests: Sequence[Manifest], cluster: Cluster, sync: SyncOperation
) -> Iterator[tuple[ObjectKey, str]]:
    """A definition may have changed a moment ago: nothing is called invalid before its schema was asked for anew."""
    refreshed: set[tuple[str, str]] = set()
    for manifest in manifests:
        if not _problems(manifest, cluster, sync):
            continue
        place = (manifest.group_kind.group, manifest.version)
        found = _problems(manifest, cluster, sync, fresh=place not in refreshed)
        refreshed.add(place)
        if found:
            yield manifest.key, f"{manifest.key.kind} {manifest.key.name} is invalid: {'; '.join(found)}"


def _problems(manifest: Manifest, cluster: Cluster, sync: SyncOperation, *, fresh: bool = False) -> tuple[str, ...]:
    document = _document(manifest, cluster, fresh=fresh)
    return problems(manifest, document, strict=is_strict(manifest, sync)) if document else ()


def _tolerated(manifest: Manifest, cluster: Cluster, sync: SyncOperation) -> Manifest:
    document = None if is_strict(manifest, sync) else _document(manifest, cluster)
    return manifest if document is None else without_unknown(manifest, document)


def _document(manifest: Manifest, cluster: Cluster, *, fresh: bool = False) -> Document | None:
    try:
        return cluster.openapi.document(manifest.group_kind.group, manifest.version, fresh=fresh)
    except ReconcilerError:
        # Without a schema the server alone judges, as it does in any case.
        return None


def _is_proven(manifest: Manifest, observed: Observed) -> bool:
    reading = observed.readings.get(manifest.key)
    return reading is not None and reading.rung in PROVEN
