"""The mark by which an object says which application it belongs to (Argo CD: resource tracking by annotation)."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.models.words import TRACKING_ID

CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True)
class TrackingId:
    """A parsed mark. `namespace` is the destination namespace where the object itself has none."""

    instance: str
    group: str
    kind: str
    namespace: str
    name: str


def tracking_id(instance: str, key: ObjectKey, destination_namespace: str) -> str:
    """The mark's text: `<instance>:<group>/<kind>:<namespace>/<name>`.

    Argo CD: cluster-scoped objects carry the destination namespace.
    """
    return f"{instance}:{key.group}/{key.kind}:{key.namespace or destination_namespace}/{key.name}"


def parse_tracking_id(text: str) -> TrackingId | None:
    """Reads a mark; None for anything else. Names may hold colons (`system:node`), so only the first two split."""
    parts = text.split(":", 2)
    if len(parts) != 3 or not parts[0] or parts[1].count("/") != 1 or parts[2].count("/") != 1:
        return None
    group, _, kind = parts[1].partition("/")
    namespace, _, name = parts[2].partition("/")
    return TrackingId(parts[0], group, kind, namespace, name)


def mark_of(manifest: Manifest) -> TrackingId | None:
    """The mark that the object carries, whether or not it names the object itself."""
    text = manifest.annotations.get(TRACKING_ID)
    return parse_tracking_id(text) if text else None


def owner_of(live: Manifest) -> str | None:
    """Instance that the object belongs to, or None.

    Argo CD: objects with owner references are children of another object and never managed, even if marked.
    """
    mark = mark_of(live)
    return mark.instance if mark and not live.metadata.get("ownerReferences") else None


def marks_itself(live: Manifest, namespaced: bool) -> bool:
    """Whether the mark names the object that carries it; a mark copied along by a controller does not."""
    mark = mark_of(live)
    if mark is None or (mark.group, mark.kind, mark.name) != (live.key.group, live.key.kind, live.key.name):
        return False
    return not namespaced or mark.namespace == live.key.namespace


def stamped(manifest: Manifest, instance: str, destination_namespace: str) -> Manifest:
    """The same object with its mark (Argo CD: CRDs are never marked, hence never pruned or deleted)."""
    if manifest.group_kind == CRD:
        return manifest
    mark = tracking_id(instance, manifest.key, destination_namespace)
    metadata = {**manifest.metadata, "annotations": {**manifest.annotations, TRACKING_ID: mark}}
    return Manifest({**manifest.body, "metadata": metadata})
