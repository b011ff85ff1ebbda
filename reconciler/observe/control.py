"""The watches of the control cluster: Applications, and what they depend on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from reconciler.clusters.listing import Selector
from reconciler.clusters.streams import Streams
from reconciler.clusters.watch import Collection, Patience, Sink, Watch
from reconciler.errors import ReconcilerError
from reconciler.models.keys import CONTROL, GroupKind
from reconciler.models.words import API_VERSION, GROUP, PART_OF, PART_OF_ARGOCD, SECRET_TYPE
from reconciler.observe.facts import SET_KIND, AppFacts, Digester
from reconciler.observe.fleet import Fleet
from reconciler.observe.mirror import Mirror
from reconciler.observe.outbox import Job, Scope
from reconciler.observe.sets import SetFacts, Sets
from reconciler.observe.surroundings import Surrounding, Thing, cluster_names, of_project, of_secret, of_settings

NOT_INSTALLED_S = 10.0


@dataclass(frozen=True, slots=True)
class Ears:
    """What the control watches report to: where jobs go, and who hears that something moved."""

    put: Callable[..., None]
    fleet_changed: Callable[[], None]
    secrets_changed: Callable[[], None]
    settings_changed: Callable[[], None]


class Control:
    """Five watches. Only the observer that `speaks` passes on what they see; the others just know."""

    def __init__(self, streams: Streams, namespace: str, digest: Digester, ears: Ears) -> None:
        self._streams, self._ears = streams, ears
        self.speaks = False
        self.fleet = Fleet(digest, namespace, ears.fleet_changed)
        self.apps: Mirror[AppFacts] = Mirror(Scope(CONTROL, GroupKind(GROUP, "Application")), self.fleet, self._put)
        self.fleet.known = lambda: self.apps.known
        self.projects = self._mirror(GroupKind(GROUP, "AppProject"), Surrounding(digest, self.fleet, of_project))
        secrets = Surrounding(digest, self.fleet, of_secret, self._secrets_changed)
        self.secrets = self._mirror(GroupKind("", "Secret"), secrets)
        settings = Surrounding(digest, self.fleet, of_settings, ears.settings_changed)
        self.sets: Mirror[SetFacts] = Mirror(Scope(CONTROL, GroupKind(GROUP, SET_KIND)), Sets(digest), self._put)
        self.fleet.sets = lambda: self.sets.known
        self.settings = self._mirror(GroupKind("", "ConfigMap"), settings)
        self._mirrors: list[Mirror[Any]] = [self.apps, self.projects, self.secrets, self.settings, self.sets]
        own, core = f"/apis/{API_VERSION}/namespaces/{namespace}", f"/api/v1/namespaces/{namespace}"
        self._collections = [
            Collection(f"{own}/applications"),
            Collection(f"{own}/appprojects"),
            Collection(f"{core}/secrets", Selector(labels=SECRET_TYPE)),
            Collection(f"{core}/configmaps", Selector(labels=f"{PART_OF}={PART_OF_ARGOCD}")),
            Collection(f"{own}/applicationsets"),
        ]
        self._watches: list[Watch] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_whole(self) -> bool:
        """Whether Applications and cluster Secrets have been read once."""
        return self.apps.is_whole and self.secrets.is_whole

    def start(self, patience: Patience) -> None:
        for mirror, collection in zip(self._mirrors, self._collections, strict=True):
            sink: Sink = mirror
            watch = Watch(self._streams, collection, sink, patience)
            self._watches.append(watch)
            self._tasks.append(asyncio.create_task(_forever(watch), name=f"watch {collection.path}"))

    @property
    def tasks(self) -> Sequence[asyncio.Task[None]]:
        """None of these ever ends by itself."""
        return self._tasks

    def relist(self) -> None:
        """Lists everything as if for the first time, and compares it with what the store holds."""
        for mirror, watch in zip(self._mirrors, self._watches, strict=True):
            mirror.forget_all()
            watch.relist()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self._streams.close()

    def _mirror(self, kind: GroupKind, surrounding: Surrounding) -> Mirror[Thing]:
        return Mirror(Scope(CONTROL, kind), surrounding, self._put)

    def _put(self, *jobs: Job) -> None:
        if self.speaks:
            self._ears.put(*jobs)

    def _secrets_changed(self) -> None:
        self.fleet.names = cluster_names(iter(self.secrets.known.values()))
        self._ears.secrets_changed()


async def _forever(watch: Watch) -> None:
    """Our kinds may be installed later than we are."""
    while True:
        with suppress(ReconcilerError):
            await watch.run()
        await asyncio.sleep(NOT_INSTALLED_S)
