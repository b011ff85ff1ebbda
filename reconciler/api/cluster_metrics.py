"""What `/metrics` says of the clusters: whether they answer, which version they are, how many kinds they serve."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from reconciler.clusters.cluster import Cluster
from reconciler.clusters.registry import Clusters
from reconciler.errors import ReconcilerError

LOOK_AGE_S = 60.0


class ClusterRow(NamedTuple):
    """One cluster as it was last seen; `version` is empty while it has never answered."""

    server: str
    name: str
    version: str
    answers: bool
    kinds: int


class ClusterCollector(Collector):
    """`argocd_cluster_*`. Clusters are looked at beside the scrapes: one that hangs must not cost all figures."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._rows: list[ClusterRow] = []
        self._looked_at = float("-inf")
        self._looking = threading.Lock()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        self._look_beside()
        info = GaugeMetricFamily("argocd_cluster_info", "Always 1.", labels=("server", "k8s_version", "name"))
        status = GaugeMetricFamily(
            "argocd_cluster_connection_status", "1 if it answers.", labels=("server", "k8s_version")
        )
        kinds = GaugeMetricFamily("argocd_cluster_api_resources", "Kinds that it serves.", labels=("server",))
        for row in self._rows:
            info.add_metric((row.server, row.version, row.name), 1)
            status.add_metric((row.server, row.version), float(row.answers))
            kinds.add_metric((row.server,), row.kinds)
        yield from (info, status, kinds)

    def _look_beside(self) -> None:
        if time.monotonic() - self._looked_at < LOOK_AGE_S or not self._looking.acquire(blocking=False):
            return
        self._looked_at = time.monotonic()
        threading.Thread(target=self._look, name="clusters", daemon=True).start()

    def _look(self) -> None:
        try:
            self._rows = [cluster_row(cluster) for cluster in self._clusters.all()]
        except ReconcilerError:
            # The control cluster does not answer: the last rows stay, and `/readyz` says so.
            return
        finally:
            self._looking.release()


def cluster_row(cluster: Cluster) -> ClusterRow:
    """One cluster, asked now unless it was asked a few minutes ago."""
    try:
        surface = cluster.surface()
    except ReconcilerError:
        return ClusterRow(cluster.url, cluster.name, "", answers=False, kinds=0)
    return ClusterRow(cluster.url, cluster.name, surface.version, answers=True, kinds=len(surface.served))
