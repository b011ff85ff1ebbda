"""An observer in a thread of its own, and what it tells Redis."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.clusters import Catalog, Clusters, Link, control_cluster
from reconciler.clusters.connections import Timeouts
from reconciler.clusters.watch import Patience
from reconciler.models.keys import EntryKey
from reconciler.observe import Observer, Parts
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.settings import Settings
from reconciler.store.client import Client, connect
from reconciler.store.due import DueSet
from reconciler.store.heartbeat import Heartbeat
from reconciler.store.members import Members
from reconciler.store.summaries import Summaries
from tests.support.store import KEYRING, KEYS, SHORT, TTL_S

MANAGER = "argocd-controller"
HASTY = Patience(silence_s=75.0, rotate_s=60.0, first_wait_s=0.05, last_wait_s=0.3)
WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a test reads what observers have told."""

    client: Client
    due: DueSet
    summaries: Summaries

    def count(self, entry: EntryKey) -> int:
        """How often `entry` was asked for: a number that grows. 0 for an unknown entry."""
        return int(self.due.seen(entry) or 0)

    def lane(self, entry: EntryKey) -> str:
        value = self.client.hget(KEYS.entry(entry), "lane")
        return value.decode() if isinstance(value, bytes) else ""

    def wait_for_more(self, entry: EntryKey, before: int) -> None:
        wait_for(lambda: self.count(entry) > before, f"a request for {entry}", timeout_s=WITHIN_S, every_s=0.01)


@contextmanager
def a_desk(valkey: Valkey) -> Iterator[Desk]:
    client = connect(valkey.url)
    try:
        yield Desk(client, DueSet(client, KEYS, Heartbeat(client, KEYS), SHORT), Summaries(client, KEYS, KEYRING))
    finally:
        client.close()


@contextmanager
def an_observer(
    plane: ControlPlane, valkey: Valkey, namespace: str, *, ended: Callable[[str], None] | None = None
) -> Iterator[Observer]:
    """An observer of one control namespace, until the end of the block. `ended` expects that it ends by itself."""
    loop = asyncio.new_event_loop()
    ready: list[Observer] = []
    stop = asyncio.Event()
    client = connect(valkey.url)

    async def live() -> None:
        ready.append(Observer(_parts(plane, client, namespace)))
        try:
            await ready[0].run(stop)
        except RuntimeError as error:
            if ended is None:
                raise
            ended(str(error))

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), name="observer")
    thread.start()
    try:
        wait_for(
            lambda: bool(ready) and ready[0].is_settled, "the observer to have read everything", timeout_s=WITHIN_S
        )
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=20)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        client.close()


def _parts(plane: ControlPlane, client: Client, namespace: str) -> Parts:
    link = Link(Timeouts(connect_s=1.0, request_s=10.0), connections=2)
    control = control_cluster(Settings(kubeconfig=plane.kubeconfig_path, namespace=namespace), link)
    return Parts(
        control=control,
        clusters=Clusters(control, Catalog(control, namespace), link),
        due=DueSet(client, KEYS, Heartbeat(client, KEYS, TTL_S), SHORT),
        summaries=Summaries(client, KEYS, KEYRING),
        members=Members(client, KEYS, "observer", ttl_s=2.0),
        digest=KEYRING.digest,
        namespace=namespace,
        manager=MANAGER,
        timeouts=link.timeouts,
        patience=HASTY,
    )
