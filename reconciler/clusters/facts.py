"""What templates may ask about a cluster: its version and the APIs that it serves."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.clusters.cluster import Cluster
from reconciler.errors import ClusterUnavailable
from reconciler.models.keys import GroupKind
from reconciler.models.observed import Surface


class ClusterFacts:
    """Answers from discovery, which is looked at when the first question comes.

    Every method raises ClusterUnavailable where discovery failed: an API that could not be looked for is never absent.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def kube_version(self) -> str:
        """The version of the API server, like `v1.36.3`."""
        return self._cluster.surface().version

    def has_api(self, name: str) -> bool:
        """Whether a `group/version` or a `group/version/Kind` is served; the core group is just `v1`."""
        surface = self._cluster.surface()
        if serves(surface, name):
            return True
        group = name.split("/")[0] if "/" in name and not name.startswith("v1/") else ""
        if group in surface.failed_groups:
            raise self._undiscovered([group], f"whether {name} is served")
        return False

    def api_versions(self) -> Sequence[str]:
        """All that is served, in both forms, sorted. Argo CD (argo.APIResourcesToStrings): what --api-versions gets."""
        surface = self._cluster.surface()
        if surface.failed_groups:
            raise self._undiscovered(sorted(surface.failed_groups), "which APIs are served")
        return api_versions(surface)

    def _undiscovered(self, groups: list[str], what: str) -> ClusterUnavailable:
        names = ", ".join(group or "core" for group in groups)
        return ClusterUnavailable(
            f"{self._cluster.name}: a template asks {what}, but API group {names} cannot be discovered; "
            "mend the API service behind it"
        )


def serves(surface: Surface, name: str) -> bool:
    """Whether an API is among those that were discovered."""
    parts = name.split("/")
    group = "" if parts[0] == "v1" else parts[0]
    rest = parts if not group else parts[1:]
    if len(rest) == 2:
        found = surface.find(GroupKind(group, rest[1]))
        return bool(found and rest[0] in found.versions)
    return len(rest) == 1 and any(
        kind.group == group and rest[0] in one.versions for kind, one in surface.served.items()
    )


def api_versions(surface: Surface) -> tuple[str, ...]:
    """Every version of every group, and every kind in each of its versions."""
    found = set()
    for kind, served in surface.served.items():
        for version in served.versions:
            at = f"{kind.group}/{version}" if kind.group else version
            found |= {at, f"{at}/{kind.kind}"}
    return tuple(sorted(found))
