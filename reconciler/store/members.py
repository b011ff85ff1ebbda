"""Who else lives: processes of one role that share work by rendezvous hashing, such as observers."""

from __future__ import annotations

from reconciler.store.client import Client, Script, store_errors
from reconciler.store.keys import Keys


class Members:
    """One role. `ttl_s` is how long a process counts as alive after its last word."""

    def __init__(self, client: Client, keys: Keys, role: str, ttl_s: float = 5.0) -> None:
        self._client, self._keys, self._role, self._ttl_s = client, keys, role, ttl_s
        self._script = Script(client, "members")

    def announce(self, name: str) -> list[str]:
        """Says that `name` lives; all that live, sorted. Call it several times per TTL. Raises StoreUnavailable."""
        alive: list[bytes] = self._script([self._keys.prefix], [self._role, name, round(self._ttl_s * 1000)])
        return sorted(member.decode() for member in alive)

    def leave(self, name: str) -> None:
        """`name` goes, so its work moves at once. Raises StoreUnavailable."""
        with store_errors("leaving"):
            self._client.zrem(self._keys.members(self._role), name)
