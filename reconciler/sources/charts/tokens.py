"""How a registry is entered: by no login, by the login itself, or by a token that another server gives for it.

The login goes to the registry's own host, or to the host of which it is a part; a registry that sends it elsewhere is
refused. Anonymous tokens may come from anywhere public.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import msgspec

from reconciler.errors import SourceError
from reconciler.sources.charts import web
from reconciler.sources.charts.limits import ChartLimits
from reconciler.sources.credentials import Access
from reconciler.sources.transport import Deadline
from reconciler.sources.urls import parse_any

TOKEN_BYTES = 64 * 1024
DEFAULT_LIFE_S = 60.0
LONGEST_LIFE_S = 3600.0
SPARE_S = 10.0
KEPT_TOKENS = 1000

TOKEN_HOSTS: Mapping[str, str] = {"registry-1.docker.io": "auth.docker.io"}
"""Registries whose tokens come from a host beside theirs, by their operators' own word."""

_CHALLENGE = re.compile(r'([A-Za-z_]+)="([^"]*)"')


class _Token(msgspec.Struct, frozen=True):
    token: str = ""
    access_token: str = ""
    expires_in: float = DEFAULT_LIFE_S


class Tokens:
    """Tokens of one process, by access and scope. Thread-safe."""

    def __init__(self, limits: ChartLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[float, str]] = {}

    def known(self, access: Access, scope: str) -> str:
        """The header that entered last time, as long as it is good; else the empty text."""
        with self._lock:
            until, header = self._known.get((_identity(access), scope), (0.0, ""))
        return header if self._clock() < until else ""

    def entered(self, access: Access, scope: str, challenge: str, deadline: Deadline) -> str:
        """The header that answers a 401. Raises SourceError, SourceUnavailable."""
        kind, _, rest = challenge.strip().partition(" ")
        if kind.lower() == "basic":
            header, life_s = _own_login(access), LONGEST_LIFE_S
        elif kind.lower() == "bearer":
            header, life_s = self._token(access, dict(_CHALLENGE.findall(rest)), scope, deadline)
        else:
            raise SourceError(f"{access.shown}: the registry asks for {kind[:40]!r}; Basic and Bearer are known")
        with self._lock:
            if len(self._known) >= KEPT_TOKENS:
                self._known.clear()
            self._known[_identity(access), scope] = (self._clock() + life_s - SPARE_S, header)
        return header

    def _token(self, access: Access, asked: Mapping[str, str], scope: str, deadline: Deadline) -> tuple[str, float]:
        realm = asked.get("realm", "")
        own = web.login(access)
        if own:
            _check_realm(access, realm)
        query = urlencode({"service": asked.get("service", ""), "scope": scope})
        # To the realm's host as one that the login is meant for: `_check_realm` has judged it.
        errand = web.Errand(
            f"{realm}{'&' if '?' in realm else '?'}{query}",
            TOKEN_BYTES,
            authorization=own,
            passes_credentials=bool(own),
        )
        reply = web.get(access, errand, deadline, self._limits.timeouts)
        try:
            found = msgspec.json.decode(reply.body, type=_Token)
        except msgspec.DecodeError:
            found = _Token()
        if not (text := found.token or found.access_token) or not text.isascii() or not text.isprintable():
            raise SourceError(f"{access.shown}: the registry's token server answers without a token")
        return f"Bearer {text}", min(max(found.expires_in, DEFAULT_LIFE_S), LONGEST_LIFE_S)


def _own_login(access: Access) -> str:
    own = web.login(access)
    if not own:
        raise SourceError(
            f"{access.shown}: it asks for credentials; check the repository Secret for this URL and project"
        )
    return own


def _check_realm(access: Access, realm: str) -> None:
    """Raises SourceError for a token server that the login is not meant for."""
    place = web.origin(realm)
    home = parse_any(f"{access.origin}/_")
    host = parse_any(f"{place}/_").host
    is_above = "." in host and home.host.endswith(f".{host}")
    if place == access.origin:
        return
    if place.startswith("https://") and (host in (home.host, TOKEN_HOSTS.get(home.host)) or is_above):
        return
    raise SourceError(
        f"{access.shown}: the registry wants its login sent to {place}, which is another host; it is not sent there"
    )


def _identity(access: Access) -> str:
    """Tells logins apart without keeping one: a rotated password must not live on in a token's name."""
    return f"{access.scope} {hash(web.login(access))}"
