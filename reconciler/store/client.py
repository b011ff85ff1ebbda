"""The one way to reach Redis: a reused client with time limits, its scripts, and its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from reconciler.errors import ConfigurationError, StoreUnavailable

Client = redis.Redis
Argument = str | bytes | int | float

SOCKET_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 5.0
HEALTH_CHECK_S = 10
RETRIES = 3
BATCH_CALLS = 64
"""Calls of one pipelined round trip: keeps what a single flush may hold in memory small."""


def connect(url: str) -> Client:
    """A thread-safe client that survives restarts of its server. Connects at first use; answers are bytes."""
    retry = Retry(ExponentialBackoff(cap=1.0, base=0.05), RETRIES)
    return redis.Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_keepalive=True,
        health_check_interval=HEALTH_CHECK_S,
        retry=retry,
    )


@contextmanager
def store_errors(what: str) -> Iterator[None]:
    """Raises StoreUnavailable for whatever redis raises inside; the message never holds a value."""
    try:
        yield
    except redis.RedisError as error:
        raise StoreUnavailable(f"redis: {what} failed ({type(error).__name__})") from error


def require_noeviction(client: Client) -> None:
    """Raises ConfigurationError when the server may evict the due set, StoreUnavailable when it does not answer."""
    with store_errors("reading the eviction policy"):
        memory: Any = client.info("memory")
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise ConfigurationError(
            f"redis evicts keys (maxmemory-policy {policy}): set maxmemory-policy noeviction on RECONCILER_REDIS_URL"
        )


@lru_cache
def source(name: str) -> str:
    """Text of one Lua script behind the prelude that all of them share."""
    folder = resources.files("reconciler.store") / "scripts"
    return "\n".join((folder / f"{part}.lua").read_text() for part in ("prelude", name))


class Script:
    """One Lua script: a whole decision in one round trip, by the server's own clock."""

    def __init__(self, client: Client, name: str) -> None:
        self._client, self._name = client, name
        self._script = client.register_script(source(name))

    def __call__(self, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """Runs it. Raises StoreUnavailable."""
        with store_errors(self._name):
            return self._script(keys=list(keys), args=list(args))

    def many(self, keys: Sequence[str], calls: Sequence[Sequence[Argument]]) -> list[Any]:
        """Runs it once per item of `calls`, pipelined. Raises StoreUnavailable; earlier batches may then have run."""
        answers: list[Any] = []
        with store_errors(self._name):
            for start in range(0, len(calls), BATCH_CALLS):
                with self._client.pipeline(transaction=False) as pipe:
                    for args in calls[start : start + BATCH_CALLS]:
                        self._script(keys=list(keys), args=list(args), client=pipe)
                    answers.extend(pipe.execute())
        return answers
