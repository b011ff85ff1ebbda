"""One cluster as a pass reads it: what it serves, single objects, many objects, whole kinds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.clusters import paths
from reconciler.clusters.discovery import Discovery
from reconciler.clusters.listing import EVERYTHING, Selector, objects_at
from reconciler.clusters.openapi import OpenApi
from reconciler.clusters.parallel import side_by_side
from reconciler.clusters.transport import Transport
from reconciler.errors import ClusterUnavailable, ObjectGone, ObjectRejected, ReconcilerError
from reconciler.models.keys import ClusterUrl, GroupKind, ObjectKey
from reconciler.models.manifest import LiveObject
from reconciler.models.observed import ServedKind, Surface

SURFACE_AGE_S = 180.0
MISSING_KIND_AGE_S = 2.0
"""A kind that is not found is looked for again, but not more often than this."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the cluster may be read: all of it, or named namespaces and perhaps cluster-scoped kinds."""

    namespaces: tuple[str, ...] = ()
    cluster_resources: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """Answer for many keys: each is in `objects` (None: absent, by a 404) or in `failed` (why nothing is known)."""

    objects: Mapping[ObjectKey, LiveObject | None] = field(default_factory=dict)
    failed: Mapping[ObjectKey, ReconcilerError] = field(default_factory=dict)


class Cluster:
    """A destination or the control cluster. Thread-safe. Every method raises what Transport raises."""

    def __init__(
        self,
        url: ClusterUrl,
        name: str,
        transport: Transport,
        *,
        scope: Scope = Scope(),  # frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self.name = name
        self.transport = transport
        self.scope = scope
        self._clock = clock
        self._lock = threading.Lock()
        self._discovery = Discovery(transport)
        self.openapi = OpenApi(transport)
        self._surface: Surface | None = None
        self._looked_at = 0.0

    def surface(self, *, max_age_s: float = SURFACE_AGE_S) -> Surface:
        """What the cluster serves, looked at no longer than `max_age_s` ago."""
        surface = self._surface
        if surface is not None and self._clock() - self._looked_at <= max_age_s:
            return surface
        with self._lock:
            if self._surface is None or self._clock() - self._looked_at > max_age_s:
                self._surface = self._discovery.look()
                self._looked_at = self._clock()
            return self._surface

    def served(self, kind: GroupKind) -> ServedKind | None:
        """How a kind is served; None only after a fresh and complete look at its group.

        Raises ClusterUnavailable while the kind's group cannot be discovered.
        """
        found = self.surface().find(kind) or self.surface(max_age_s=MISSING_KIND_AGE_S).find(kind)
        if found is None and self._surface is not None and kind.group in self._surface.failed_groups:
            raise ClusterUnavailable(f"{self.name}: API group {kind.group} cannot be discovered")
        return found

    def get(self, key: ObjectKey, version: str = "") -> LiveObject | None:
        """One object, or None when the server says that it, or its kind, does not exist."""
        served = self.served(key.group_kind)
        if served is None:
            return None
        self.require_managed(served, key.namespace)
        path = paths.collection(key.group_kind, served, version=version, namespace=key.namespace)
        try:
            return LiveObject(self.transport.get(paths.item(path, key.name)).json())
        except ObjectGone:
            return None

    def list(
        self, kind: GroupKind, namespace: str = "", *, select: Selector = EVERYTHING, version: str = ""
    ) -> Iterator[LiveObject]:
        """All objects of a kind that may be read, page by page. Nothing when the kind is not served.

        An error in the middle is raised, never an end of the list; so only a list read to its end proves absence.
        """
        served = self.served(kind)
        for place in self._places(served, namespace) if served else ():
            path = paths.collection(kind, served, version=version, namespace=place)  # type: ignore[arg-type]
            yield from objects_at(self.transport, path, kind, select)

    def read_many(self, keys: Sequence[ObjectKey]) -> Found:
        """Each object by a call of its own, some side by side. Raises ClusterUnavailable if nothing could be read."""
        outcomes = dict(zip(keys, side_by_side(self._attempt, keys), strict=True))
        failed = {key: found for key, found in outcomes.items() if isinstance(found, ReconcilerError)}
        if failed and len(failed) == len(outcomes):
            for error in failed.values():
                if isinstance(error, ClusterUnavailable):
                    raise error
        return Found({key: live for key, live in outcomes.items() if not isinstance(live, ReconcilerError)}, failed)

    def _attempt(self, key: ObjectKey) -> LiveObject | ReconcilerError | None:
        try:
            return self.get(key)
        except ReconcilerError as error:
            return error

    def require_managed(self, served: ServedKind, namespace: str) -> None:
        """Raises ObjectRejected for what lies outside of the namespaces that this cluster is limited to."""
        if not self._places(served, namespace):
            raise ObjectRejected(f"{self.name}: cluster-scoped objects are not managed on this cluster", status=403)

    def _places(self, served: ServedKind, namespace: str) -> tuple[str, ...]:
        if not self.scope.namespaces:
            return (namespace,)
        if not served.namespaced:
            return ("",) if self.scope.cluster_resources else ()
        if not namespace:
            return self.scope.namespaces
        if namespace not in self.scope.namespaces:
            raise ObjectRejected(f"{self.name}: namespace {namespace} is not managed on this cluster", status=403)
        return (namespace,)
