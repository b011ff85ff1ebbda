"""The watches of one destination cluster: one a kind, for as long as the kind is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from reconciler.clusters import paths
from reconciler.clusters.cluster import Cluster
from reconciler.clusters.streams import Streams
from reconciler.clusters.watch import Collection, Patience, Watch
from reconciler.errors import ReconcilerError
from reconciler.models.keys import GroupKind
from reconciler.models.observed import ServedKind
from reconciler.observe.mirror import Mirror
from reconciler.observe.seen import Seen

READABLE = frozenset({"list", "watch"})
UNSERVED_S = 10.0
"""How soon a kind that is not served, or cannot be discovered, is asked for again."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Followed:
    """One kind under way. `mirror` and `watch` are None until the kind is found to be served; `why_not` says why."""

    task: asyncio.Task[None]
    mirror: Mirror[Seen] | None = None
    watch: Watch | None = None
    why_not: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it was read, or found to be unreadable for now."""
        return self.mirror.is_whole or bool(self.mirror.fault) if self.mirror else bool(self.why_not)

    @property
    def word(self) -> str:
        """Its state in a word, for people."""
        if self.mirror is None:
            return self.why_not or "discovering"
        return self.mirror.fault or (f"{len(self.mirror.known)} managed" if self.mirror.is_whole else "listing")

    @property
    def is_empty(self) -> bool:
        """Whether nothing of ours is known to be left."""
        return self.mirror is None or (self.mirror.is_whole and not self.mirror.known)


@dataclass(slots=True)
class Destination:
    """One cluster. `mirror_of` makes the sink of a kind. Lives on the event loop."""

    cluster: Cluster
    streams: Streams
    mirror_of: Callable[[GroupKind, ServedKind], Mirror[Seen]]
    patience: Callable[[], Patience]
    kinds: dict[GroupKind, Followed] = field(default_factory=dict)

    def follow(self, wanted: Iterable[GroupKind]) -> None:
        """Begins to watch what is wanted, and ends what is not any more and has nothing of ours left."""
        chosen = frozenset(wanted)
        for kind in chosen - self.kinds.keys():
            self.kinds[kind] = Followed(asyncio.create_task(self._follow(kind), name=f"watch {kind}"))
        for kind in [kind for kind in self.kinds if kind not in chosen and self.kinds[kind].is_empty]:
            self.kinds.pop(kind).task.cancel()

    def relist(self, kind: GroupKind | None = None) -> None:
        """Lists a kind, or all of them, as if for the first time: what the store holds of it is not ours any more."""
        for followed in [self.kinds[kind]] if kind in self.kinds else [] if kind else list(self.kinds.values()):
            if followed.mirror and followed.watch:
                followed.mirror.forget_all()
                followed.watch.relist()

    @property
    def is_whole(self) -> bool:
        """Whether every kind that can be read has been."""
        return all(followed.is_known for followed in self.kinds.values())

    async def close(self) -> None:
        tasks = [followed.task for followed in self.kinds.values()]
        self.kinds.clear()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self.streams.close()
        self.cluster.transport.close_idle()

    async def _follow(self, kind: GroupKind) -> None:
        while True:
            try:
                why_not = await self._while_served(kind)
            except ReconcilerError as error:
                why_not = str(error)
            log.info("kind is not watched", cluster=self.cluster.name, kind=str(kind), reason=why_not)
            if kind in self.kinds:
                self.kinds[kind].why_not = why_not
            await asyncio.sleep(UNSERVED_S)

    async def _while_served(self, kind: GroupKind) -> str:
        served = await asyncio.to_thread(self.cluster.served, kind)
        if served is None or not served.verbs >= READABLE:
            return "not served"
        await self._watch(kind, served)
        return "outside of what may be read here"

    async def _watch(self, kind: GroupKind, served: ServedKind) -> None:
        collection = self._collection(kind, served)
        followed = self.kinds.get(kind)
        if collection is None or followed is None:
            return
        followed.mirror = self.mirror_of(kind, served)
        followed.watch = Watch(self.streams, collection, followed.mirror, self.patience())
        await followed.watch.run()

    def _collection(self, kind: GroupKind, served: ServedKind) -> Collection | None:
        scope = self.cluster.scope
        if not scope.namespaces:
            return Collection(paths.collection(kind, served))
        if not served.namespaced:
            return Collection(paths.collection(kind, served)) if scope.cluster_resources else None
        first, *others = (paths.collection(kind, served, namespace=namespace) for namespace in scope.namespaces)
        return Collection(first, more=tuple(others))
