"""The cache: sealed, compressed bytes by a name that says everything they depend on. Losing one costs time only."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import cast

import structlog
import zstandard

from reconciler.errors import StoreUnavailable
from reconciler.store.client import Client, store_errors
from reconciler.store.keys import Keys
from reconciler.store.sealing import Keyring

LEVEL = 3
MAX_BLOB_BYTES = 24 * 1024**2
"""Larger ones are not kept: one instance may hold the due set as well, which is never evicted."""

MAX_PLAIN_BYTES = 256 * 1024**2

log = structlog.get_logger()


class Blobs:
    """Thread-safe. A cache that does not answer, or answers what we did not write, is a miss and never an error."""

    def __init__(self, client: Client, keys: Keys, keyring: Keyring) -> None:
        self._client, self._keys, self._keyring = client, keys, keyring
        self._of_thread = threading.local()

    def get(self, name: str) -> bytes | None:
        """What was put under `name`, or None."""
        return self.get_many([name]).get(name)

    def get_many(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """What was put under these names; those that miss are left out. One round trip."""
        if not names:
            return {}
        try:
            with store_errors("reading the cache"):
                sealed = cast("list[bytes | None]", self._client.mget([self._keys.blob(name) for name in names]))
        except StoreUnavailable as error:
            log.warning("cache passed over", reason=str(error))
            return {}
        opened = {name: self._opened(name, data) for name, data in zip(names, sealed, strict=True) if data}
        return {name: data for name, data in opened.items() if data is not None}

    def put(self, name: str, data: bytes, ttl_s: float) -> bool:
        """Keeps `data` for `ttl_s`; False when it is too large or the cache does not answer."""
        key = self._keys.blob(name)
        sealed = self._keyring.seal(self._compressor.compress(data), key)
        if len(sealed) > MAX_BLOB_BYTES:
            return False
        try:
            with store_errors("writing the cache"):
                self._client.set(key, sealed, px=round(ttl_s * 1000))
        except StoreUnavailable as error:
            log.warning("cache passed over", reason=str(error))
            return False
        return True

    def _opened(self, name: str, sealed: bytes) -> bytes | None:
        compressed = self._keyring.open(sealed, self._keys.blob(name))
        if compressed is None:
            return None
        try:
            return self._decompressor.decompress(compressed, max_output_size=MAX_PLAIN_BYTES)
        except zstandard.ZstdError:
            return None

    # zstandard's contexts must not be shared by threads.

    @property
    def _compressor(self) -> zstandard.ZstdCompressor:
        if not hasattr(self._of_thread, "compressor"):
            self._of_thread.compressor = zstandard.ZstdCompressor(level=LEVEL)
        return cast("zstandard.ZstdCompressor", self._of_thread.compressor)

    @property
    def _decompressor(self) -> zstandard.ZstdDecompressor:
        if not hasattr(self._of_thread, "decompressor"):
            self._of_thread.decompressor = zstandard.ZstdDecompressor()
        return cast("zstandard.ZstdDecompressor", self._of_thread.decompressor)
