"""Destinations by address or name: the cluster Secrets, and the control cluster as `in-cluster`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.clusters.catalog import Catalog
from reconciler.clusters.cluster import Cluster, Scope
from reconciler.clusters.connections import Timeouts
from reconciler.clusters.endpoint import Endpoint, has_credentials, secret_endpoint
from reconciler.clusters.kubeconfig import control_endpoint
from reconciler.clusters.transport import Tally, Transport
from reconciler.errors import SpecError
from reconciler.models.keys import IN_CLUSTER, ClusterUrl
from reconciler.models.secrets import ClusterSecret
from reconciler.models.words import IN_CLUSTER_NAME
from reconciler.settings import Settings

IN_CLUSTER_ENABLED = "cluster.inClusterEnabled"


class DestinationUnknown(SpecError):
    """No cluster goes by this address or name, by a complete list of readable cluster Secrets."""


@dataclass(frozen=True, slots=True)
class Link:
    """How this process calls API servers. `connections` is per cluster: the number of threads that may call at once."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    connections: int = 8
    tally: Callable[[ClusterUrl], Tally] = lambda _url: lambda _verb, _status, _seconds: None

    def transport(self, url: ClusterUrl, endpoint: Endpoint) -> Transport:
        return Transport(endpoint, self.timeouts, connections=self.connections, tally=self.tally(url))


def control_cluster(settings: Settings, link: Link) -> Cluster:
    """The control cluster of this installation. Raises ConfigurationError."""
    endpoint = control_endpoint(settings.kubeconfig, settings.context)
    return Cluster(IN_CLUSTER, IN_CLUSTER_NAME, link.transport(IN_CLUSTER, endpoint))


@dataclass(frozen=True, slots=True)
class _Opened:
    cluster: Cluster
    version: tuple[str, str]


class Clusters:
    """Open clusters, one per address. A Secret that moved gives a new one: its credentials, no breaker. Thread-safe."""

    def __init__(self, control: Cluster, catalog: Catalog, link: Link) -> None:
        self._control = control
        self._catalog = catalog
        self._link = link
        self._lock = threading.Lock()
        self._opened: dict[ClusterUrl, _Opened] = {}

    def open(self, server: str, name: str, *, fresh: bool = False) -> Cluster:
        """The cluster of a destination with an address or a name. `fresh` reads the Secrets now.

        Raises DestinationUnknown, SpecError (both or neither given, an ambiguous name, an unusable Secret) in Argo CD's
        words, and what `Catalog` raises.
        """
        if fresh:
            self._catalog.invalidate()
        secret = self._chosen(server, name)
        return self._control if secret is None else self._of(secret)

    def all(self) -> Sequence[Cluster]:
        """Every cluster that can be opened, the control cluster among them unless it is switched off."""
        opened: list[Cluster] = []
        for url in self.urls():
            try:
                opened.append(self.open(url, ""))
            except SpecError:
                continue
        return opened

    def urls(self) -> Sequence[ClusterUrl]:
        """Addresses of all clusters that have a readable Secret, and `in-cluster` unless it is switched off."""
        urls = dict.fromkeys(secret.server for secret in self._catalog.clusters().parsed)
        return list(urls | ({IN_CLUSTER: None} if self._in_cluster_enabled() else {}))

    def resolve(self, server: str, name: str) -> ClusterUrl:
        """The address of a destination, without opening it. Raises as `open` does."""
        secret = self._chosen(server, name)
        return IN_CLUSTER if secret is None else secret.server

    def refresh(self) -> None:
        """The next `open` reads the Secrets anew: one of them is known to have changed."""
        self._catalog.invalidate()

    def settings_cm(self) -> Mapping[str, str]:
        """Argo CD's settings, as the catalog has them. Raises what it raises."""
        return self._catalog.settings_cm()

    def close(self) -> None:
        """Ends the connections to every cluster."""
        for opened in list(self._opened.values()):
            opened.cluster.transport.close()
        self._control.transport.close()

    def _chosen(self, server: str, name: str) -> ClusterSecret | None:
        """The destination's Secret; None is the control cluster."""
        if server and name:
            raise SpecError(f"application destination can't have both name and server defined: {name} {server}")
        if not server and not name:
            raise SpecError("Destination server missing from app spec")
        secrets = self._catalog.clusters()
        address = server.rstrip("/")
        matches = {s.server: s for s in reversed(secrets.parsed) if (s.server == address if server else s.name == name)}
        if len(matches) > 1:
            raise SpecError(f"there are {len(matches)} clusters with the same name: {sorted(matches)}")
        if matches:
            return next(iter(matches.values()))
        if (address == IN_CLUSTER or name == IN_CLUSTER_NAME) and self._in_cluster_enabled():
            return None
        if secrets.broken:
            faults = "; ".join(str(error) for error in secrets.broken.values())
            raise SpecError(f"no readable cluster Secret for {server or name}: {faults}")
        raise DestinationUnknown(
            f'cluster "{server}" not found' if server else f"there are no clusters with this name: {name}"
        )

    def _of(self, secret: ClusterSecret) -> Cluster:
        version = (secret.uid, secret.resource_version)
        known = self._opened.get(secret.server)
        if known is not None and known.version == version:
            return known.cluster
        with self._lock:
            known = self._opened.get(secret.server)
            if known is not None and known.version == version:
                return known.cluster
            opened = self._opened[secret.server] = _Opened(self._new(secret), version)
        if known is not None:
            known.cluster.transport.close()
        return opened.cluster

    def _new(self, secret: ClusterSecret) -> Cluster:
        own = secret.server == IN_CLUSTER and not has_credentials(secret.config)
        endpoint = self._control.transport.endpoint if own else secret_endpoint(secret)
        scope = Scope(secret.namespaces, secret.cluster_resources or not secret.namespaces)
        return Cluster(
            secret.server, secret.name or secret.server, self._link.transport(secret.server, endpoint), scope=scope
        )

    def _in_cluster_enabled(self) -> bool:
        return self._catalog.settings_cm().get(IN_CLUSTER_ENABLED) != "false"
