"""The mark by which an object says which application it belongs to (Argo CD: resource tracking)."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.models.tracking import BY_ANNOTATION, Tracking
from reconciler.models.words import INSTALLATION_ID, TRACKING_ID

CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
LONGEST_LABEL = 63
"""Argo CD: where the label is only for people, it is cut to what a label may hold."""


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
    """The mark that the object carries as an annotation, whether or not it names the object itself."""
    text = manifest.annotations.get(TRACKING_ID)
    return parse_tracking_id(text) if text else None


def owner_of(live: Manifest, tracking: Tracking = BY_ANNOTATION) -> str | None:
    """Instance that the object belongs to, or None.

    Argo CD: objects with owner references are children of another object and never managed, even if marked; a mark of
    another installation is none.
    """
    if live.metadata.get("ownerReferences"):
        return None
    if tracking.by_label:
        return live.labels.get(tracking.label_key) or None
    if tracking.installation and live.annotations.get(INSTALLATION_ID) != tracking.installation:
        return None
    mark = mark_of(live)
    return mark.instance if mark else None


def marks_itself(live: Manifest, namespaced: bool, tracking: Tracking = BY_ANNOTATION) -> bool:
    """Whether the mark names the object that carries it; a mark copied along by a controller does not.

    A label names nothing but the application, so it is believed (Argo CD).
    """
    if tracking.by_label:
        return bool(live.labels.get(tracking.label_key))
    mark = mark_of(live)
    if mark is None or (mark.group, mark.kind, mark.name) != (live.key.group, live.key.kind, live.key.name):
        return False
    return not namespaced or mark.namespace == live.key.namespace


def mark_field(tracking: Tracking = BY_ANNOTATION) -> tuple[str, str]:
    """Where the mark stands, as managedFields name it: the map inside the metadata, and the key."""
    return ("f:labels", f"f:{tracking.label_key}") if tracking.by_label else ("f:annotations", f"f:{TRACKING_ID}")


def stamped(
    manifest: Manifest, instance: str, destination_namespace: str, tracking: Tracking = BY_ANNOTATION
) -> Manifest:
    """The same object with its mark (Argo CD: CRDs are never marked, hence never pruned or deleted)."""
    if manifest.group_kind == CRD:
        return manifest
    annotations = {name: text for name, text in manifest.annotations.items() if name != INSTALLATION_ID}
    labels = dict(manifest.labels)
    if not tracking.by_label:
        annotations[TRACKING_ID] = tracking_id(instance, manifest.key, destination_namespace)
        annotations |= {INSTALLATION_ID: tracking.installation} if tracking.installation else {}
    if tracking.by_label:
        labels[tracking.label_key] = instance
    elif tracking.method == "annotation+label":
        labels[tracking.label_key] = instance[:LONGEST_LABEL]
    metadata = {name: value for name, value in manifest.metadata.items() if name not in ("annotations", "labels")}
    marks = {name: value for name, value in (("labels", labels), ("annotations", annotations)) if value}
    return Manifest({**manifest.body, "metadata": {**metadata, **marks}})
