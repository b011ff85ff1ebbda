"""What Redis holds: the due set with its leases, sealed caches, records, summaries and indexes.

May import plan's neighbours below it (`sharding`, `models`, `settings`, `errors`); the only importer of redis.
Never decides what a cluster should hold: all of it can be wiped at any time, and is then built anew.
"""

from reconciler.store.client import Client, connect
from reconciler.store.due import DueSet, Issued, Limits, Request
from reconciler.store.heartbeat import Heartbeat
from reconciler.store.keys import Keys
from reconciler.store.lease import Held
from reconciler.store.sealing import Keyring

__all__ = ["Client", "DueSet", "Heartbeat", "Held", "Issued", "Keyring", "Keys", "Limits", "Request", "connect"]
