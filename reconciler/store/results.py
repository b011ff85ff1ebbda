"""The last result of each application, for people: what `app get` and the web page show between passes."""

from __future__ import annotations

from typing import cast

import msgspec

from reconciler.models.keys import AppKey
from reconciler.models.result import ReconcileResult
from reconciler.store.client import Client, store_errors
from reconciler.store.keys import Keys

KEEP_S = 24 * 3600
MAX_WHY_CHARACTERS = 500


class LastResult(msgspec.Struct, frozen=True):
    """A result in short. `at` is the Unix second at which the pass ended."""

    at: float
    verdict: str
    sync: str
    health: str
    phase: str = ""
    revisions: tuple[str, ...] = ()
    why: str = ""
    next_due_s: float | None = None
    acted_on: int = 0


_decoder = msgspec.json.Decoder(LastResult)


class Results:
    """Every method raises StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys) -> None:
        self._client, self._keys = client, keys

    def publish(self, result: ReconcileResult, *, at: float) -> None:
        """Keeps a result for a day."""
        short = LastResult(
            at=at,
            verdict=result.verdict,
            sync=result.sync,
            health=result.health,
            phase=result.phase or "",
            revisions=tuple(result.revisions),
            why=result.why[:MAX_WHY_CHARACTERS],
            next_due_s=result.next_due_s,
            acted_on=len(result.objects),
        )
        with store_errors("publishing a result"):
            self._client.set(self._keys.result(result.app), msgspec.json.encode(short), ex=KEEP_S)

    def last(self, app: AppKey) -> LastResult | None:
        """The last result, or None after a day without a pass."""
        with store_errors("reading a result"):
            data = cast("bytes | None", self._client.get(self._keys.result(app)))
        try:
            return _decoder.decode(data) if data else None
        except msgspec.ValidationError:
            return None

    def drop(self, app: AppKey) -> None:
        """The application is gone."""
        with store_errors("dropping a result"):
            self._client.delete(self._keys.result(app))
