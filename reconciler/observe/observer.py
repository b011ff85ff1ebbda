"""One observer: its share of the clusters, chosen anew whenever observers come or go."""

from __future__ import annotations

import asyncio
import gc
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from reconciler.clusters.cluster import Cluster
from reconciler.clusters.connections import Timeouts
from reconciler.clusters.registry import Clusters
from reconciler.clusters.streams import Streams
from reconciler.clusters.watch import Patience
from reconciler.errors import ReconcilerError, SpecError, StoreUnavailable
from reconciler.liveness import liveness
from reconciler.models.keys import CONTROL, ClusterUrl, GroupKind
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import ServedKind
from reconciler.observe.control import Control, Ears
from reconciler.observe.destination import Destination
from reconciler.observe.facts import Digester
from reconciler.observe.live import LiveReading
from reconciler.observe.mirror import Mirror
from reconciler.observe.outbox import Outbox, Scope
from reconciler.observe.outlook import USUAL, outlook_of
from reconciler.observe.seen import Lens, Seen
from reconciler.observe.shelf import SummaryShelf
from reconciler.plan.tracking import CRD
from reconciler.sharding import ranked
from reconciler.store.due import DueSet
from reconciler.store.members import Members
from reconciler.store.summaries import Summaries

TICK_S = 1.0
SETTLE_S = 0.1
"""Changes of the fleet are answered together when they come within this time."""

REOPEN_S = 10.0
WATCHES = 2000
"""Beyond so many, further kinds are listed every `POLL_S` instead: connections are not free."""

POLL_S = 45.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What an observer needs. `clusters` must be its own: it reads the Secrets anew when they change."""

    control: Cluster
    clusters: Clusters
    due: DueSet
    summaries: Summaries
    members: Members
    digest: Digester
    namespace: str
    manager: str
    timeouts: Timeouts = field(default_factory=Timeouts)
    patience: Patience = field(default_factory=Patience)


class Observer:
    """Watches, publishes, and makes applications due. `run` ends when `stop` is set."""

    def __init__(self, parts: Parts) -> None:
        self.name = secrets.token_hex(8)
        self.destinations: dict[ClusterUrl, Destination] = {}
        self._parts = parts
        self._kick = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._reopen = self._resettle = True
        self._outlook = USUAL
        self._failed: dict[ClusterUrl, float] = {}
        self._peers: list[str] = []
        self._epoch = ""
        self._frozen = self._placed = False
        shelf = SummaryShelf(parts.summaries, lambda scope: self._on_loop(scope))
        self.outbox = Outbox(shelf, parts.due)
        streams = Streams(parts.control.transport.endpoint, parts.timeouts)
        ears = Ears(self.outbox.put, self._kick.set, self._secrets_changed, self._settings_changed)
        self.control = Control(streams, parts.namespace, parts.digest, ears)

    async def run(self, stop: asyncio.Event) -> None:
        """Observes until `stop` is set; then its clusters go to the others at once."""
        self._parts.due.heartbeat.start()
        self.outbox.start()
        self.control.start(self._parts.patience)
        try:
            while not stop.is_set():
                await self._tick()
                await self._wait(stop)
        finally:
            await self._end()

    def status(self) -> JsonObject:
        """What it sees, for people and probes."""
        return {
            "name": self.name,
            "peers": list(self._peers),
            "speaks": self.control.speaks,
            "applications": len(self.control.apps.known),
            "clusters": {
                str(url): {str(kind): followed.word for kind, followed in destination.kinds.items()}
                for url, destination in self.destinations.items()
            },
            "requested": self.outbox.requested,
        }

    @property
    def is_whole(self) -> bool:
        """Whether all that is to be watched here has been read once."""
        return self.control.is_whole and all(d.is_whole for d in self.destinations.values())

    @property
    def is_settled(self) -> bool:
        """Whether it has met its peers and read all that is to be watched here."""
        return bool(self._peers) and self._placed and self.is_whole

    async def _tick(self) -> None:
        self._require_whole()
        liveness.made_progress()
        await self._meet()
        self._follow_epoch()
        if self.control.is_whole:
            await self._place()
        if self.is_settled and not self._frozen:
            # What has been read stays: the collector need not walk through it again and again.
            gc.collect()
            gc.freeze()
            self._frozen = True

    def _require_whole(self) -> None:
        """A part that ended by an error of ours would leave this observer blind in one eye: rather none at all, since
        whoever supervises the process starts a new one.
        """
        followed = (f for destination in self.destinations.values() for f in destination.kinds.values())
        for task in (*self.control.tasks, *(item.task for item in followed)):
            if task.done():
                raise RuntimeError(f"{task.get_name()} ended") from (None if task.cancelled() else task.exception())
        if not self.outbox.is_alive:
            raise RuntimeError("the outbox ended")

    async def _wait(self, stop: asyncio.Event) -> None:
        waiting = [asyncio.create_task(event.wait()) for event in (self._kick, stop)]
        await asyncio.wait(waiting, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if self._kick.is_set():
            await asyncio.sleep(SETTLE_S)
            self._kick.clear()

    async def _meet(self) -> None:
        """Tells the others that this one lives. While Redis is away, the work stays as it is divided."""
        with suppress(StoreUnavailable):
            self._peers = await asyncio.to_thread(self._parts.members.announce, self.name)
        speaks = self._is_mine(CONTROL)
        if speaks and not self.control.speaks:
            self.control.speaks = True
            self.control.relist()
        self.control.speaks = speaks

    def _follow_epoch(self) -> None:
        """After a wipe or a fail-over of Redis everything is published anew."""
        epoch = self._parts.due.heartbeat.state.epoch
        if not epoch or epoch == self._epoch:
            return
        if self._epoch:
            log.info("redis was wiped or replaced: publishing anew")
            self.control.relist()
            for destination in self.destinations.values():
                destination.relist()
        self._epoch = epoch

    async def _place(self) -> None:
        wanted = {url: kinds for url, kinds in self._wanted().items() if self._is_mine(url)}
        reopen, self._reopen = self._reopen, False
        if reopen or self._resettle:
            self._parts.clusters.refresh()
        if self._resettle:
            await self._settle()
        for url in self.destinations.keys() - wanted.keys():
            await self.destinations.pop(url).close()
        for url, kinds in wanted.items():
            destination = await self._destination(url, reopen=reopen)
            if destination is not None:
                destination.follow(kinds)
        self._placed = True

    async def _settle(self) -> None:
        """Reads the settings; where they change what is seen of an object, every object is looked at anew."""
        self._resettle = False
        try:
            found = await asyncio.to_thread(self._parts.clusters.settings_cm)
        except ReconcilerError as error:
            log.warning("settings cannot be read", reason=str(error))
            self._resettle = True
            return
        before, self._outlook = self._outlook, outlook_of(found, self._outlook)
        if self._outlook != before:
            for destination in self.destinations.values():
                destination.relist()

    def _wanted(self) -> Mapping[ClusterUrl, frozenset[GroupKind]]:
        kinds = self.control.fleet.kinds_by_cluster()
        return {url: found for url, found in kinds.items() if found and url.startswith("http")}

    async def _destination(self, url: ClusterUrl, *, reopen: bool) -> Destination | None:
        known = self.destinations.get(url)
        if known is not None and not reopen:
            return known
        if not reopen and self._loop.time() < self._failed.get(url, 0.0):
            return None
        try:
            cluster = await asyncio.to_thread(self._parts.clusters.open, url, "")
        except SpecError as error:
            await self._without(url, str(error))
            return None
        except ReconcilerError as error:
            log.warning("cluster Secrets cannot be read", reason=str(error))
            self._reopen = True
            return known
        if known is not None and known.cluster is cluster:
            return known
        if known is not None:
            await known.close()
        self.destinations[url] = self._opened(cluster)
        return self.destinations[url]

    async def _without(self, url: ClusterUrl, reason: str) -> None:
        """No usable Secret says how to reach it (any more)."""
        log.warning("cluster cannot be opened", cluster=url, reason=reason)
        self._failed[url] = self._loop.time() + REOPEN_S
        if url in self.destinations:
            await self.destinations.pop(url).close()

    def _opened(self, cluster: Cluster) -> Destination:
        streams = Streams(cluster.transport.endpoint, self._parts.timeouts)

        def mirror_of(kind: GroupKind, served: ServedKind) -> Mirror[Seen]:
            api_version = f"{kind.group}/{served.version}" if kind.group else served.version
            lens = Lens(kind, api_version, self._parts.manager, self._parts.digest, lambda: self._outlook)
            if kind == CRD:
                lens = replace(lens, unmarked=partial(self.control.fleet.definer, cluster.url))
            return Mirror(Scope(cluster.url, kind), LiveReading(lens, self.control.fleet, cluster.url), self.outbox.put)

        return Destination(cluster, streams, mirror_of, self._patience)

    def _patience(self) -> Patience:
        watches = sum(len(destination.kinds) for destination in self.destinations.values())
        own = self._parts.patience
        return own if watches <= WATCHES else Patience(own.silence_s, own.rotate_s, poll_s=POLL_S)

    def _is_mine(self, cluster: ClusterUrl) -> bool:
        return ranked(cluster, self._peers or [self.name])[0] == self.name

    def _secrets_changed(self) -> None:
        self._reopen = True
        self._kick.set()

    def _settings_changed(self) -> None:
        self._resettle = True
        self._kick.set()

    def _on_loop(self, scope: Scope) -> None:
        """Another observer has written a kind of ours: whoever it belongs to now lists it anew."""
        self._loop.call_soon_threadsafe(self._lost, scope)

    def _lost(self, scope: Scope) -> None:
        destination = self.destinations.get(scope.cluster)
        if scope.cluster == CONTROL:
            self.control.relist()
        elif destination is not None:
            destination.relist(scope.kind)

    async def _end(self) -> None:
        with suppress(StoreUnavailable):
            await asyncio.to_thread(self._parts.members.leave, self.name)
        for destination in self.destinations.values():
            await destination.close()
        await self.control.close()
        await asyncio.to_thread(self.outbox.stop)
        await asyncio.to_thread(self._parts.due.heartbeat.stop)
        self._parts.clusters.close()
