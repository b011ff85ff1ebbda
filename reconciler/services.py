"""Builds things from settings, once per process; the only place that does. Everybody else is handed what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler import metrics
from reconciler.apply import Recorder
from reconciler.clusters.catalog import Catalog
from reconciler.clusters.cluster import Cluster
from reconciler.clusters.connections import Timeouts
from reconciler.clusters.registry import Clusters, Link, control_cluster
from reconciler.clusters.transport import Tally
from reconciler.models.keys import CONTROL, AppKey, ClusterUrl, EntryKey, Revision, reader_of_set
from reconciler.models.source import ApplicationSource
from reconciler.models.words import SOPS_KEYS
from reconciler.render.cache import RenderCache
from reconciler.render.plugins.config import read_plugins
from reconciler.render.plugins.running import NO_PLUGINS, Plugins
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.renderer import Renderer
from reconciler.render.scripts import Scripts
from reconciler.render.templates import GoTemplates
from reconciler.render.unsealing import NO_KEYS, SopsKeys
from reconciler.settings import Settings
from reconciler.sources import Access, ChartSources, Resolution, Trust, access_for, accesses_for
from reconciler.sources.charts.following import goal
from reconciler.sources.gitsource import GitSources
from reconciler.sources.paths import Tree
from reconciler.store.blobs import Blobs
from reconciler.store.client import Client, connect
from reconciler.store.due import DueSet, Limits, Request
from reconciler.store.epoch import Epoch
from reconciler.store.heads import Heads
from reconciler.store.heartbeat import Heartbeat
from reconciler.store.keys import Keys
from reconciler.store.queues import Queues
from reconciler.store.readindex import ReadIndex
from reconciler.store.records import Records
from reconciler.store.results import Results
from reconciler.store.sealing import Keyring
from reconciler.store.summaries import Summaries
from reconciler.store.turns import Turns

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Readers:
    """What it takes to compare without writing anything anywhere: neither our API nor Redis."""

    settings: Settings
    clock: Clock
    control: Cluster
    catalog: Catalog
    clusters: Clusters
    sources: GitSources
    charts: ChartSources
    renderer: Renderer
    pool: RendererPool
    scripts: Scripts
    templates: GoTemplates

    def access(self, url: str, project: str) -> Access:
        """How an application of `project` enters a repository, by its identity (`source_url`).

        Raises SpecError, SourceError, and as the catalog.
        """
        return access_for(url, self.catalog.repositories().parsed, project, trust=self._trust(url))

    def accesses(self, url: str) -> tuple[Access, ...]:
        """Every access that some project has to a repository. Raises as `access`."""
        return accesses_for(url, self.catalog.repositories().parsed, trust=self._trust(url))

    def _trust(self, url: str) -> Trust:
        if url.startswith(("https:", "helm+https:", "oci:")):
            return Trust(tls_by_host=self.catalog.trusted_hosts())
        if not url.startswith(("http:", "helm+http:")):
            self.sources.trust_hosts(self.catalog.ssh_known_hosts())
        return Trust()

    def sops_keys(self, project: str) -> SopsKeys:
        """The keys that a project's encrypted files are opened with. Raises as the catalog."""
        name = self.catalog.project(project).metadata.annotations.get(SOPS_KEYS, "")
        if not name:
            return NO_KEYS
        data = self.catalog.part_of_argocd(name)
        if data is None:
            return SopsKeys(
                name,
                problem=f"Secret {name}, which the project names for its keys, does not exist here "
                "or lacks the label app.kubernetes.io/part-of: argocd",
            )
        return SopsKeys.of(name, data)

    def resolve(self, access: Access, source: ApplicationSource) -> Resolution:
        """What a source means now, as its server says. Raises SourceUnavailable, SourceError."""
        if access.is_git:
            return self.sources.resolve(access, source.target_revision, source.tag_prefix)
        return self.charts.resolve(access, goal(source.chart, source.target_revision))

    def heads(self, access: Access, bindings: Iterable[str]) -> Mapping[str, Revision]:
        """What each binding stands for now; those that stand for nothing are left out. Raises as `resolve`."""
        return self.sources.heads(access, bindings) if access.is_git else self.charts.heads(access, bindings)

    def packed(self, access: Access, source: ApplicationSource, resolution: Resolution) -> Tree:
        """The content of a chart or of an artifact. Raises as `resolve`."""
        asked = goal(source.chart, source.target_revision)
        passes = bool(source.helm and source.helm.pass_credentials)
        return self.charts.tree(access, asked, resolution.revision, passes_credentials=passes)

    def close(self) -> None:
        """Ends the renderer children and closes connections."""
        self.pool.close()
        self.clusters.close()


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything in Redis, over one client."""

    client: Client
    keys: Keys
    keyring: Keyring
    due: DueSet
    epoch: Epoch
    queues: Queues
    records: Records
    summaries: Summaries
    readindex: ReadIndex
    heads: Heads
    results: Results
    blobs: Blobs


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a worker needs."""

    readers: Readers
    stores: Stores
    recorder: Recorder

    @property
    def due(self) -> DueSet:
        return self.stores.due

    def freshen(self) -> None:
        """Drops remembered projects, Secrets and settings that changed; a pass begins so. Raises StoreUnavailable."""
        seen = self.stores.summaries.surroundings()
        self.readers.catalog.follow(seen.word, are_watched=seen.are_watched)

    def forget(self, app: AppKey) -> None:
        """Drops what is remembered of an application that is gone."""
        self.stores.records.drop(app)
        self.stores.results.drop(app)
        self.stores.readindex.forget(app)

    def forget_set(self, key: AppKey) -> None:
        """Drops what is remembered of an ApplicationSet that is gone."""
        self.stores.readindex.forget(reader_of_set(key))

    def everything(self) -> Iterator[Request]:
        """A request for each application and set: how the due set is rebuilt. Raises what the catalog raises."""
        for app in self.readers.catalog.applications():
            destination = app.spec.destination
            yield Request(EntryKey.app(app.key), app.uid, "timer", destination.server or destination.name)
        for found in self.readers.catalog.application_sets():
            yield Request(EntryKey.appset(AppKey(found.key.namespace, found.key.name)), found.uid, "timer", CONTROL)

    def close(self) -> None:
        self.readers.close()
        self.stores.client.close()


def build_readers(settings: Settings, blobs: Blobs | None = None, turns: Turns | None = None) -> Readers:
    """Everything that reads. Without `blobs`, trees and results are kept in memory. Raises ConfigurationError."""
    timeouts = Timeouts(connect_s=settings.connect_timeout_s, request_s=settings.request_timeout_s)
    link = Link(timeouts, connections=settings.worker_threads, tally=_counted)
    control = control_cluster(settings, link)
    catalog = Catalog(control, settings.namespace)
    children = sandboxed_children(settings.renderer_path, allow_unsandboxed=settings.allow_unsandboxed_renderer)
    pool = RendererPool(children, settings.renderer_children)
    return Readers(
        settings=settings,
        clock=utc_now,
        control=control,
        catalog=catalog,
        clusters=Clusters(control, catalog, link),
        sources=GitSources(settings.data_dir, blobs),
        charts=ChartSources(blobs),
        renderer=Renderer(
            pool, RenderCache(blobs, turns), renderer_identity(settings.renderer_path), plugins=plugins_of(settings)
        ),
        pool=pool,
        scripts=Scripts(pool),
        templates=GoTemplates(pool),
    )


def plugins_of(settings: Settings) -> Plugins:
    """The config management plugins that are installed. Raises ConfigurationError."""
    return Plugins(read_plugins(settings.plugins)) if settings.plugins else NO_PLUGINS


def build_stores(settings: Settings) -> Stores:
    """Everything in Redis; connects at first use. Raises ConfigurationError for a missing or broken root key."""
    client, keys = connect(settings.redis_url.get_secret_value()), Keys.of(settings)
    keyring = Keyring.parse(settings.root_key.get_secret_value())
    due = DueSet(client, keys, Heartbeat(client, keys, settings.heartbeat_ttl_s), Limits.of(settings))
    cache = connect(settings.cache_url.get_secret_value()) if settings.cache_url else client
    return Stores(
        client=client,
        keys=keys,
        keyring=keyring,
        due=due,
        epoch=Epoch(client, keys, due),
        queues=Queues(client, keys),
        records=Records(client, keys, keyring),
        summaries=Summaries(client, keys, keyring),
        readindex=ReadIndex(client, keys),
        heads=Heads(client, keys),
        results=Results(client, keys),
        blobs=Blobs(cache, keys, keyring),
    )


def build_services(settings: Settings) -> Services:
    """Everything that a worker needs. Raises ConfigurationError."""
    stores = build_stores(settings)
    readers = build_readers(settings, stores.blobs, Turns(stores.client, stores.keys))
    return Services(readers, stores, Recorder(readers.control, readers.clock))


def _counted(url: ClusterUrl) -> Tally:
    def count(verb: str, status: int, _seconds: float) -> None:
        metrics.k8s_request_total.labels(url, str(status), verb).inc()

    return count
