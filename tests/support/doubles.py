"""Messages that are sent more often than they were issued: what a broken broker or a second beat may do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reconciler.models.keys import LANES, AppKey, EntryKey
from reconciler.queue import envelope, sign, task_name
from reconciler.sandbox import control
from reconciler.sandbox.children import Child, start_child
from reconciler.sandbox.everything import Sandbox
from reconciler.sandbox.processes import process_specs
from reconciler.settings import Settings
from reconciler.sharding import queue_names
from reconciler.store.client import connect
from reconciler.store.due import Issued
from reconciler.store.keys import Keys
from reconciler.store.queues import Queues
from reconciler.store.sealing import Keyring

EVERY_S = 0.02


@contextmanager
def doubled_messages(sandbox: Sandbox, apps: Sequence[str]) -> Iterator[None]:
    """Sends a valid message for each application to two queues, again and again, while the block runs."""
    assert sandbox.processes is not None
    settings = Settings()
    client, keys = connect(sandbox.valkey.url), Keys.of(settings)
    queues, keyring, stop = Queues(client, keys), Keyring.parse(sandbox.processes.root_key), threading.Event()
    entries = [EntryKey.app(AppKey(control.NAMESPACE, app)) for app in apps]

    def send() -> None:
        while not stop.wait(EVERY_S):
            for entry in entries:
                queues.push(_copies(entry, keyring, settings.shards))

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        client.close()


def _copies(entry: EntryKey, keyring: Keyring, shards: int) -> dict[str, list[bytes]]:
    """One message in a queue of every lane: whichever lane the entry was issued in, it has a double."""
    copies = {}
    for lane in LANES:
        queue, task = queue_names(lane, shards)[0], task_name(entry.kind, lane)
        message = sign(Issued(entry, "", lane, ""), queue, keyring, expires=int(time.time()) + 60)
        copies[queue] = [envelope(message, task, queue)]
    return copies


@contextmanager
def a_second_beat(sandbox: Sandbox) -> Iterator[Child]:
    """Another beat process beside the supervised one."""
    assert sandbox.processes is not None
    spec = next(spec for spec in process_specs(sandbox.processes, sandbox.folder, {}) if spec.name == "beat")
    beat = start_child("beat-2", spec.argv, folder=sandbox.folder, env=spec.env)
    try:
        yield beat
    finally:
        beat.stop()
