"""From what a renderer gave to what one application wants: namespaces, duplicates, the managed Namespace, marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from reconciler.errors import SourceError
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.filters import Filters
from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.manifest import JsonObject, Manifest
from reconciler.models.observed import Condition, Surface
from reconciler.plan.hooks import is_hook
from reconciler.plan.lens import PLAIN, Lens
from reconciler.plan.normalize import merged_secret
from reconciler.plan.order import NAMESPACE, defined_kinds, ordered
from reconciler.plan.tracking import stamped

CREATE_NAMESPACE: Final = "CreateNamespace=true"


def finalize(
    bodies: Sequence[JsonObject], app: Application, surface: Surface, *, instance: str, lens: Lens = PLAIN
) -> tuple[tuple[Manifest, ...], tuple[Condition, ...]]:
    """The desired objects in order of writing, and warnings. `instance` names the application inside marks.

    Hooks are among them; those with `generateName` have no name before an operation gives them one, and no mark.
    Raises SourceError for an object without apiVersion, kind or name.
    """
    named, nameless = _named(bodies)
    scopes = defined_kinds(named)
    namespace = app.spec.destination.namespace
    placed, unnamed = (
        [_placed(_storable(manifest), namespace, _is_namespaced(manifest, surface, scopes)) for manifest in some]
        for some in (named, nameless)
    )
    unique, repeated = _last_of_each(placed)
    marked = [stamped(manifest, instance, namespace, lens.tracking) for manifest in unique.values()]
    managed = _managed_namespace(app, unique)
    return ordered((*marked, *managed, *unnamed)), tuple(repeated)


def admitted(
    bodies: Sequence[JsonObject], filters: Filters, cluster: str
) -> tuple[list[JsonObject], tuple[Condition, ...]]:
    """The objects of kinds that are managed on the cluster of this address, and a warning for each other one."""
    kept: list[JsonObject] = []
    left_out: list[Condition] = []
    for body in bodies:
        key = Manifest(body).key
        if filters.excludes(key.group_kind, cluster):
            message = f"Resource {key.group}/{key.kind} {key.name} is excluded in the settings"
            left_out.append(Condition(words.EXCLUDED_RESOURCE_WARNING, message))
        else:
            kept.append(body)
    return kept, tuple(left_out)


def _named(bodies: Iterable[JsonObject]) -> tuple[list[Manifest], list[Manifest]]:
    """Objects that have a name, and hooks that are given one by each operation."""
    named: list[Manifest] = []
    nameless: list[Manifest] = []
    for index, body in enumerate(bodies):
        manifest = Manifest(body)
        if not manifest.key.kind or not manifest.api_version:
            raise SourceError(f"object {index + 1} of the rendered manifests has no apiVersion or no kind")
        if manifest.key.name:
            named.append(manifest)
        elif manifest.metadata.get("generateName") and is_hook(manifest):
            nameless.append(manifest)
        else:
            raise SourceError(f"a rendered {manifest.key.group_kind} has no metadata.name")
    return named, nameless


def _storable(manifest: Manifest) -> Manifest:
    # `stringData` is never stored, so nothing could own or remove its keys: apply `data`, as the server would keep it.
    if manifest.group_kind == GroupKind("", "Secret"):
        return Manifest(merged_secret(manifest.body))
    return manifest


def _is_namespaced(manifest: Manifest, surface: Surface, own: Mapping[GroupKind, bool]) -> bool:
    """What discovery says, else an own CRD, else yes (Argo CD: an unknown kind counts as namespaced)."""
    served = surface.find(manifest.group_kind)
    return served.namespaced if served else own.get(manifest.group_kind, True)


def _placed(manifest: Manifest, destination_namespace: str, namespaced: bool) -> Manifest:
    namespace = (manifest.key.namespace or destination_namespace) if namespaced else ""
    if namespace == manifest.key.namespace and (namespace or "namespace" not in manifest.metadata):
        return manifest
    metadata = {name: value for name, value in manifest.metadata.items() if name != "namespace"}
    if namespace:
        metadata["namespace"] = namespace
    return Manifest({**manifest.body, "metadata": metadata})


def _last_of_each(manifests: Iterable[Manifest]) -> tuple[dict[ObjectKey, Manifest], list[Condition]]:
    counts: dict[ObjectKey, int] = {}
    last: dict[ObjectKey, Manifest] = {}
    for manifest in manifests:
        counts[manifest.key] = counts.get(manifest.key, 0) + 1
        last[manifest.key] = manifest
    repeated = [Condition(words.REPEATED_RESOURCE_WARNING, _repeats(key, n)) for key, n in counts.items() if n > 1]
    return last, repeated


def _repeats(key: ObjectKey, count: int) -> str:
    place = f"{key.group}/{key.kind}/{key.namespace}/{key.name}"
    return f"Resource {place} appeared {count} times among application resources."


def _managed_namespace(app: Application, present: Mapping[ObjectKey, Manifest]) -> tuple[Manifest, ...]:
    """The Namespace whose metadata the application enforces (Argo CD: unmarked, and one from Git takes precedence)."""
    name, policy = app.spec.destination.namespace, app.spec.sync_policy
    wanted = policy.managed_namespace_metadata if policy and CREATE_NAMESPACE in policy.sync_options else None
    if not wanted or not name or ObjectKey(NAMESPACE.group, NAMESPACE.kind, "", name) in present:
        return ()
    metadata: JsonObject = {"name": name}
    if wanted.labels:
        metadata["labels"] = dict(wanted.labels)
    if wanted.annotations:
        metadata["annotations"] = dict(wanted.annotations)
    return (Manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}),)
