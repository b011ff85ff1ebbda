"""Lists, page by page. A list that does not end properly raises: reading it to its end proves absence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.clusters.transport import Transport
from reconciler.errors import ClusterUnavailable
from reconciler.models.keys import GroupKind
from reconciler.models.manifest import LiveObject

PAGE = 500


@dataclass(frozen=True, slots=True)
class Selector:
    """Kubernetes' label and field selectors, in their text form; empty selects everything."""

    labels: str = ""
    fields: str = ""

    @property
    def query(self) -> dict[str, str]:
        both = {"labelSelector": self.labels, "fieldSelector": self.fields}
        return {name: text for name, text in both.items() if text}


EVERYTHING = Selector()


def objects_at(
    transport: Transport, path: str, kind: GroupKind, select: Selector = EVERYTHING, *, page: int = PAGE
) -> Iterator[LiveObject]:
    """All objects of the collection at `path`. Raises ClusterUnavailable when a page is no list or the list expired."""
    token = ""
    while True:
        query = {"limit": str(page), **select.query} | ({"continue": token} if token else {})
        listed = transport.get(path, query).json()
        metadata = listed.get("metadata") or {}
        # A proxy's empty object must not read as an empty kind.
        if not str(listed.get("kind", "")).endswith("List") or "resourceVersion" not in metadata:
            raise ClusterUnavailable(f"{path}: the answer is no list")
        # Items come without apiVersion and kind; the list carries them.
        words = {"apiVersion": listed.get("apiVersion", ""), "kind": kind.kind}
        yield from (LiveObject({**words, **body}) for body in listed.get("items") or ())
        token = metadata.get("continue") or ""
        if not token:
            return
