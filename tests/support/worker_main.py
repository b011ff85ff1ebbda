"""A worker process whose passes only do what their entry's name says, and write down when they began and ended."""

from __future__ import annotations

import sys
import time

from reconciler.models.keys import EntryKey
from reconciler.settings import Settings
from reconciler.store.client import Client, connect
from reconciler.store.due import DueSet, Limits, Request
from reconciler.store.epoch import Epoch
from reconciler.store.heartbeat import Heartbeat
from reconciler.store.keys import Keys
from reconciler.store.lease import Held
from reconciler.store.queues import Queues
from reconciler.store.sealing import Keyring
from workers.process import Parts, run_worker
from workers.watchdog import Patience

JOURNAL = "journal"
FLEET = [Request(EntryKey("app", f"argocd/fleet-{number}"), f"uid-{number}", "timer", "prod") for number in range(5)]
SHORT_PATIENCE = Patience(wedged_after_s=0.3, stalled_after_s=3600, drain_s=5, look_every_s=0.1)


def behave(client: Client, entry: EntryKey, held: Held) -> None:
    """`…/sleep-0.5-x` works for half a second, `…/wedge` for ever, `…/crash` fails; all else ends at once."""
    client.rpush(JOURNAL, f"begin {entry} {held.lane}")
    word, seconds, *_ = [*entry.name.rpartition("/")[2].split("-"), ""]
    if word == "wedge":
        time.sleep(3600)
    if word == "crash":
        raise ZeroDivisionError("a defect in a pass")
    if word == "sleep":
        time.sleep(float(seconds))
    held.next_due_s = 3600
    client.rpush(JOURNAL, f"end {entry} {held.lane}")


def main() -> int:
    settings = Settings()
    client, keys = connect(settings.redis_url.get_secret_value()), Keys.of(settings)
    due = DueSet(client, keys, Heartbeat(client, keys, settings.heartbeat_ttl_s), Limits.of(settings))

    def one_pass(entry: EntryKey, held: Held) -> None:
        behave(client, entry, held)

    parts = Parts(
        due=due,
        epoch=Epoch(client, keys, due),
        queues=Queues(client, keys),
        keyring=Keyring.parse(settings.root_key.get_secret_value()),
        passes={"app": one_pass, "repo": one_pass},
        everything=lambda: FLEET if "fleet" in sys.argv else [],
    )
    return run_worker(settings, parts, patience=SHORT_PATIENCE)


if __name__ == "__main__":
    sys.exit(main())
