"""Asynchronous reading from one API server: pages of lists and lines of watches, each with its own time limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from reconciler.clusters.connections import Timeouts
from reconciler.clusters.endpoint import Endpoint
from reconciler.clusters.statuses import error_of
from reconciler.clusters.transport import JSON
from reconciler.errors import ClusterUnavailable

CHUNK_BYTES = 256 * 1024
LISTS_AT_A_TIME = 4
LIST_TIMEOUT_S = 60.0


class Expired(ClusterUnavailable):
    """The version to watch from, or the next page, is not there any more (410): list anew."""


class Streams:
    """One event loop's way to one API server. Raises ClusterUnavailable, ObjectRejected and Expired."""

    def __init__(self, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self.endpoint = endpoint
        self._timeouts = timeouts
        self._session: aiohttp.ClientSession | None = None
        self._lists = asyncio.Semaphore(LISTS_AT_A_TIME)

    async def page(self, path: str, query: Mapping[str, str]) -> bytes:
        """The body of one answer; few at a time, since a page may be megabytes."""
        async with self._lists, self._answer(path, query, LIST_TIMEOUT_S) as answer:
            return await answer.read()

    async def lines(self, path: str, query: Mapping[str, str], silence_s: float) -> AsyncGenerator[list[bytes], None]:
        """Lines of an endless answer, in the bunches in which they came. Ends when the server ends it."""
        begun: list[bytes] = []
        async with self._answer(path, query, silence_s) as answer:
            async for chunk in answer.content.iter_any():
                first, *rest = chunk.split(b"\n")
                begun.append(first)
                if rest:
                    whole = [b"".join(begun), *rest[:-1]]
                    begun = [rest[-1]]
                    yield [line for line in whole if line]

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        # Aborted connections are closed by the loop's next rounds.
        for _ in range(3):
            await asyncio.sleep(0)

    @asynccontextmanager
    async def _answer(
        self, path: str, query: Mapping[str, str], read_s: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeouts.connect_s, sock_read=read_s)
        try:
            # Credentials may come from a program: never on the loop.
            headers = await asyncio.to_thread(self.endpoint.headers)
            async with self._opened().get(
                self.endpoint.url + path,
                params=query,
                headers={"Accept": JSON, "Accept-Encoding": "identity", **headers},
                timeout=timeout,
                server_hostname=self.endpoint.server_name,
                allow_redirects=False,
            ) as answer:
                if answer.status != 200:
                    raise await _error(answer, path)
                try:
                    yield answer
                finally:
                    _abort(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ClusterUnavailable(f"{self.endpoint.url}: {_reason(error)}") from error

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ssl=self.endpoint.context or True, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(
                connector=connector, read_bufsize=CHUNK_BYTES, skip_auto_headers=("User-Agent",), auto_decompress=False
            )
        return self._session


def _abort(answer: aiohttp.ClientResponse) -> None:
    """Ends the connection of an answer that was not read to its end; a farewell would wait for a dead server."""
    connection = answer.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()


async def _error(answer: aiohttp.ClientResponse, path: str) -> Exception:
    body = await answer.read()
    error = error_of(answer.status, body, subject=f"GET {path}", retry_after=answer.headers.get("Retry-After"))
    return Expired(str(error)) if answer.status == 410 else error


def _reason(error: Exception) -> str:
    return "timed out" if isinstance(error, TimeoutError) else type(error).__name__
