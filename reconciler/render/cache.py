"""Results by what they were made from, as a compiler cache keeps them: parameters, then the files that were read.

    parameters → a few recorded read-sets → the first whose every answer is the same now → its result, without rendering

Results lie sealed in Redis and, the last ones, in the memory of the process; an entry that does not open is a miss.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from hashlib import blake2b

import msgspec

from reconciler.models.keys import Digest
from reconciler.render.protocol import Remote, RenderWarning
from reconciler.render.readset import Read
from reconciler.store.blobs import Blobs
from reconciler.store.turns import Turns

MAX_READ_SETS = 8
MAX_RECORDS_BYTES = 1024**2
MEMORY_BYTES = 64 * 1024**2
TTL_S = 7 * 24 * 3600.0


class Elsewhere(msgspec.Struct, frozen=True, array_like=True):
    """What was read of something that was opened by a question."""

    remote: Remote
    reads: tuple[Read, ...]


class Recorded(msgspec.Struct, frozen=True, array_like=True):
    """One read-set and the result that it led to."""

    reads: tuple[Read, ...]
    result: Digest
    elsewhere: tuple[Elsewhere, ...] = ()


class Result(msgspec.Struct, frozen=True, array_like=True):
    """One rendering: its objects as a JSON array, and what was passed over. `sealed` are the places of the objects that
    came out of encrypted files.
    """

    manifests: bytes
    warnings: tuple[RenderWarning, ...] = ()
    sealed: tuple[int, ...] = ()


_recorded = msgspec.msgpack.Decoder(tuple[Recorded, ...])
_results = msgspec.msgpack.Decoder(Result)


class RenderCache:
    """Thread-safe. `blobs` None keeps results in memory only, `turns` None lets everybody render for himself."""

    def __init__(self, blobs: Blobs | None, turns: Turns | None = None) -> None:
        self._blobs, self._turns = blobs, turns
        self._lock = threading.Lock()
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def find(self, params: Digest, holds: Callable[[Recorded], bool]) -> tuple[Recorded, Result] | None:
        """The first result for these parameters whose read-set holds. Raises what `holds` raises."""
        for fresh in (False, True):
            for recorded in self._records(params, fresh=fresh) or ():
                if holds(recorded) and (result := self._result(recorded.result)):
                    return recorded, result
        return None

    def turn(self, name: str, *, patience_s: float) -> AbstractContextManager[bool]:
        """True for the one that is to render `name`; False once another one has, or after `patience_s`."""
        return self._turns.turn(name, patience_s=patience_s) if self._turns else nullcontext(True)

    def recorded(self, params: Digest) -> tuple[Recorded, ...]:
        """The read-sets that are known for these parameters, the newest first. Raises StoreUnavailable."""
        return self._records(params, fresh=True) or ()

    def keep(
        self, params: Digest, reads: tuple[Read, ...], result: Result, elsewhere: tuple[Elsewhere, ...] = ()
    ) -> Digest:
        """Stores a result and the read-set that leads to it; the oldest read-sets make room. Raises
        StoreUnavailable.
        """
        encoded = msgspec.msgpack.encode(result)
        digest = result_digest(params, encoded)
        self._put(_result_name(digest), encoded)
        known = self._records(params, fresh=True) or ()
        others = [one for one in known if (one.reads, one.elsewhere) != (reads, elsewhere)]
        records = [Recorded(reads, digest, elsewhere), *others][:MAX_READ_SETS]
        data = msgspec.msgpack.encode(records)
        while len(data) > MAX_RECORDS_BYTES and len(records) > 1:
            records.pop()
            data = msgspec.msgpack.encode(records)
        self._put(_reads_name(params), data)
        return digest

    def _records(self, params: Digest, *, fresh: bool) -> tuple[Recorded, ...] | None:
        data = self._get(_reads_name(params), fresh=fresh)
        return _recorded.decode(data) if data else None

    def _result(self, digest: Digest) -> Result | None:
        data = self._get(_result_name(digest))
        return _results.decode(data) if data else None

    def _get(self, name: str, *, fresh: bool = False) -> bytes | None:
        with self._lock:
            known = None if fresh and self._blobs else self._memory.get(name)
            if known is not None:
                self._memory.move_to_end(name)
                return known
        data = self._blobs.get(name) if self._blobs else None
        if data is not None:
            self._remember(name, data)
        return data

    def _put(self, name: str, data: bytes) -> None:
        self._remember(name, data)
        if self._blobs:
            self._blobs.put(name, data, TTL_S)

    def _remember(self, name: str, data: bytes) -> None:
        with self._lock:
            self._bytes += len(data) - len(self._memory.pop(name, b""))
            self._memory[name] = data
            while self._bytes > MEMORY_BYTES and len(self._memory) > 1:
                self._bytes -= len(self._memory.popitem(last=False)[1])


def result_digest(params: Digest, encoded: bytes) -> Digest:
    """Names a result by its content and what it was made with, so that it is shared only where it may be."""
    return Digest(blake2b(params.encode() + b"\0" + encoded, digest_size=20).hexdigest())


def _reads_name(params: Digest) -> str:
    """reads:<params digest> → the newest read-sets and their results."""
    return f"reads:{params}"


def _result_name(digest: Digest) -> str:
    """render:<result digest> → a Result."""
    return f"render:{digest}"
