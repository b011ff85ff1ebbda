"""Tokens for repositories whose Secret holds a login to be exchanged for one: asked for once in a token's lifetime."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import urllib3
from urllib3.exceptions import HTTPError

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.sources.credentials import Access
from reconciler.sources.exchanges import Call, Exchange, GitHubApp, Token
from reconciler.sources.transport import Deadline, Timeouts, pool_for, unavailable, watched

EARLY_S: Final = 120.0
"""A token is replaced so long before its end: a fetch may take a while."""

ANSWER_BYTES: Final = 1024**2
REMEMBERED: Final = 1000


class Tokens:
    """All tokens of one process. Thread-safe; nothing is kept but in memory."""

    def __init__(
        self,
        timeouts: Timeouts,
        clock: Callable[[], float] = time.time,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._timeouts, self._clock, self._environment = timeouts, clock, environment
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, Exchange], tuple[float, Token]] = OrderedDict()

    def entered(self, access: Access) -> Access:
        """The access with a token in it, where its Secret asks for one. Raises SourceError, SourceUnavailable."""
        if access.exchange is None:
            return access
        token = self._token(access, access.exchange)
        return replace(access, username=token.username, password=token.password, bearer=token.bearer, exchange=None)

    def _token(self, access: Access, exchange: Exchange) -> Token:
        with self._lock:
            until, token = self._known.get((access.scope, exchange), (0.0, None))
        if token is not None and self._clock() < until:
            return token
        token = self._exchanged(access, exchange)
        with self._lock:
            self._known[access.scope, exchange] = (self._clock() + token.lifetime_s - EARLY_S, token)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return token

    def _exchanged(self, access: Access, exchange: Exchange) -> Token:
        deadline, found = Deadline(self._timeouts.refs_s), ""
        search = exchange.search(self._clock())
        if search is not None and isinstance(exchange, GitHubApp):
            found = exchange.installation(self._answer(access, exchange, search, deadline))
        answer = self._answer(access, exchange, exchange.call(self._clock(), self._environment, found), deadline)
        try:
            return exchange.token(answer, self._clock())
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise SourceUnavailable(f"{access.url}: the answer for {exchange.words} holds no token") from error

    def _answer(self, access: Access, exchange: Exchange, call: Call, deadline: Deadline) -> Any:
        try:
            with watched(deadline):
                response = self._sent(access, call, deadline)
                try:
                    _check(access, exchange, response.status)
                    data = response.read(ANSWER_BYTES, decode_content=True)
                finally:
                    response.close()
            return orjson.loads(data)
        except ValueError as error:
            raise SourceUnavailable(f"{access.url}: the answer for {exchange.words} is no JSON") from error
        except (HTTPError, OSError) as error:
            raise unavailable(access.url, f"the token server of {exchange.words}", error, deadline) from error

    def _sent(self, access: Access, call: Call, deadline: Deadline) -> urllib3.BaseHTTPResponse:
        if urlsplit(call.url).scheme not in ("https", "http"):
            raise SourceError(f"{access.url}: the address of its token server is no https:// address")
        limit = max(min(self._timeouts.read_s, deadline.left_s), 0.001)
        return pool_for(_towards(access, call.url)).request(
            "GET" if call.body is None else "POST",
            call.url,
            body=call.body,
            headers=call.headers,
            timeout=urllib3.Timeout(connect=min(self._timeouts.connect_s, limit), read=limit),
            preload_content=False,
            redirect=False,
            retries=False,
        )


def _towards(access: Access, url: str) -> Access:
    """The access as another host may see it: what its Secret says of TLS is about the repository's own host."""
    if urlsplit(url).hostname == access.address.host:
        return access
    return replace(access, insecure=False, client_certificate="", client_key="")


def _check(access: Access, exchange: Exchange, status: int) -> None:
    if status in (200, 201):
        return
    if status in (408, 425, 429) or status >= 500:
        raise SourceUnavailable(f"{access.url}: the token server of {exchange.words} answered HTTP {status}")
    raise SourceError(
        f"{access.url}: a token for {exchange.words} was refused (HTTP {status}); check the repository Secret"
    )
