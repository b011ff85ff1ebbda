"""The lists that carry messages from beat to workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.store.client import Client, store_errors
from reconciler.store.keys import Keys


class Queues:
    """Pushes ready-made messages; kombu's consumers pop them from the other end."""

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    def push(self, messages: Mapping[str, Sequence[bytes]]) -> None:
        """Appends messages to queues by name, all in one round trip. Raises StoreUnavailable."""
        with store_errors("sending messages"), self._client.pipeline(transaction=False) as pipe:
            for name, bodies in messages.items():
                pipe.lpush(self._keys.queue(name), *bodies)
            pipe.execute()

    def lengths(self, names: Sequence[str]) -> dict[str, int]:
        """How many messages wait in each queue. Raises StoreUnavailable."""
        with store_errors("measuring queues"), self._client.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.llen(self._keys.queue(name))
            return dict(zip(names, pipe.execute(), strict=True))
