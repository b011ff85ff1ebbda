"""Reading clusters: transport, discovery, single objects and lists, watches, the catalog of our own objects.

May import `store` and everything below it; kubernetes and HTTP towards API servers live here.
Never writes to a cluster (that is `apply`), and never takes an error or an empty answer for absence.
"""

from __future__ import annotations

from reconciler.clusters.catalog import Catalog
from reconciler.clusters.cluster import Cluster, Found, Scope
from reconciler.clusters.connections import Timeouts
from reconciler.clusters.listing import EVERYTHING, Selector
from reconciler.clusters.registry import Clusters, DestinationUnknown, Link, control_cluster
from reconciler.clusters.transport import Transport

__all__ = [
    "EVERYTHING",
    "Catalog",
    "Cluster",
    "Clusters",
    "DestinationUnknown",
    "Found",
    "Link",
    "Scope",
    "Selector",
    "Timeouts",
    "Transport",
    "control_cluster",
]
