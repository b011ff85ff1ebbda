"""One document by HTTP: redirects followed under the host rules, a bound on its size, a total time.

A credential goes to the scheme, host and port of its repository. Elsewhere nothing of it goes, neither login nor client
certificate, not after a redirect either.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from reconciler.errors import SourceError, SourceUnavailable, SpecError
from reconciler.models.keys import RepoUrl
from reconciler.sources.charts.egress import Egress
from reconciler.sources.credentials import Access
from reconciler.sources.transport import CHUNK_BYTES, Deadline, NotThere, Timeouts, pool_for, unavailable, watched
from reconciler.sources.urls import HELM, parse_any, parse_url

MAX_REDIRECTS = 5
MAX_URL_CHARS = 4096
_AGENT = "reconciler (Helm)"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({403, 408, 425, 429})


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be got. `authorization` None means the repository's own login, where that may go.

    `passes_credentials`: the login goes to the host of `url` as well (Argo CD: `helm.passCredentials`).
    """

    url: str
    limit_bytes: int
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: str | None = None
    passes_credentials: bool = False
    accepts: frozenset[int] = frozenset()
    """Statuses beside 200 that are an answer."""

    is_packed: bool = False
    """Its bytes are taken as they come: an archive that is sent as `Content-Encoding: gzip` stays one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers` by name in lower case; `url` is where it came from at last."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


def get(access: Access, errand: Errand, deadline: Deadline, timeouts: Timeouts) -> Reply:
    """Gets one document. Raises SourceError (refused, too large, not there), SourceUnavailable (network, time)."""
    egress, url = Egress.of(access), errand.url
    for hop in range(MAX_REDIRECTS + 1):
        reply = _once(access, replace(errand, url=url), hop, egress, deadline, timeouts)
        if reply.status not in _REDIRECTS or not (location := reply.headers.get("location")):
            return _checked(access, errand, reply)
        url = _led(access, url, location)
    raise SourceError(f"{access.shown}: more than {MAX_REDIRECTS} redirects, the last one to {origin(url)}")


def origin(url: str) -> str:
    """Scheme, host and port of an http or https URL. Raises SourceError for what is none."""
    try:
        parts = urlsplit(url)
        address = parse_url(f"{parts.scheme}://{parts.netloc}/_", ("http", "https"))
    except (SpecError, ValueError) as error:
        raise SourceError(f"an address that is none of http or https: {_without_query(url)!r}") from error
    return f"{address.scheme}://{address.authority}"


def _once(access: Access, errand: Errand, hop: int, egress: Egress, deadline: Deadline, timeouts: Timeouts) -> Reply:
    place = origin(errand.url)
    is_home = place == access.origin
    entered = access if is_home else _as_stranger(access, place)
    authorization = errand.authorization if errand.authorization is not None else login(access)
    knows = is_home or (errand.passes_credentials and hop == 0)
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity" if errand.is_packed else "gzip", **errand.headers}
    if knows and authorization:
        headers["Authorization"] = authorization
    _check_literal(egress, place)
    limit_s = max(min(timeouts.read_s, deadline.left_s), 0.001)
    with watched(deadline, egress.addresses):
        try:
            response = pool_for(entered, egress).request(
                "GET",
                errand.url,
                headers=headers,
                timeout=urllib3.Timeout(connect=min(timeouts.connect_s, limit_s), read=limit_s),
                preload_content=False,
                redirect=False,
                retries=urllib3.Retry(1, connect=0, read=0, redirect=0, status=0, other=1, raise_on_status=False),
            )
            try:
                body = b"" if response.status in _REDIRECTS else _body(access, errand, response)
                return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, body, errand.url)
            finally:
                # What was not read to its end would poison the next user of this connection.
                response.close() if not response.closed else None
        except (HTTPError, OSError) as error:
            raise unavailable(_without_query(errand.url), "the server", error, deadline) from error


def _body(access: Access, errand: Errand, response: urllib3.BaseHTTPResponse) -> bytes:
    said = response.headers.get("Content-Length", "")
    size, parts = 0, []
    if said.isdigit() and int(said) > errand.limit_bytes:
        raise _too_large(access, errand)
    while data := response.read1(CHUNK_BYTES, decode_content=not errand.is_packed):
        size += len(data)
        if size > errand.limit_bytes:
            raise _too_large(access, errand)
        parts.append(data)
    response.release_conn()
    return b"".join(parts)


def _too_large(access: Access, errand: Errand) -> SourceError:
    what = _without_query(errand.url)
    return SourceError(f"{access.shown}: {what} is larger than {errand.limit_bytes} bytes")


def _checked(access: Access, errand: Errand, reply: Reply) -> Reply:
    status = reply.status
    if status == 200 or status in errand.accepts:
        return reply
    what = f"{access.shown}: {_without_query(reply.url)}"
    if status in (401, 407):
        told = (
            "its Secret's credentials were refused" if access.password or access.bearer else "it asks for credentials"
        )
        raise SourceError(f"{what}: {told} (HTTP {status}); check the repository Secret for this URL and project")
    if status in (404, 410):
        raise NotThere(f"{what}: there is nothing, or not for this access (HTTP {status})")
    retry = reply.headers.get("retry-after", "")
    if status >= 500 or status in _LATER:
        after_s = float(retry) if retry.isdigit() else None
        raise SourceUnavailable(f"{what}: the server answered HTTP {status}", retry_after_s=after_s)
    raise SourceError(f"{what}: the server answered HTTP {status}")


def login(access: Access) -> str:
    """The value of the header that enters a repository; empty for nobody."""
    if access.bearer:
        return f"Bearer {access.bearer}"
    if access.username or access.password:
        return urllib3.make_headers(basic_auth=f"{access.username}:{access.password}")["authorization"]
    return ""


def _as_stranger(access: Access, place: str) -> Access:
    """How another host is entered: with nothing but trust, and by the same proxy."""
    host = parse_any(f"{place}/_").host
    ca_pem = dict(access.cas).get(host, "")
    return Access(RepoUrl(f"{HELM}{place}"), ca_pem=ca_pem, proxy=access.proxy, no_proxy=access.no_proxy)


def _led(access: Access, url: str, location: str) -> str:
    target = urljoin(url, location)
    if len(target) > MAX_URL_CHARS:
        raise SourceError(f"{access.shown}: a redirect to an address of {len(target)} characters")
    if origin(url).startswith("https://") and not origin(target).startswith("https://"):
        raise SourceError(f"{access.shown}: a redirect from https to {origin(target)}, without TLS, is not followed")
    return target


def _check_literal(egress: Egress, place: str) -> None:
    """Names are judged as they are resolved; behind a proxy nobody but the proxy does that."""
    address = parse_any(f"{place}/_")
    with suppress(ValueError):
        egress.check(address.place, ipaddress.ip_address(address.host.strip("[]")))


def _without_query(url: str) -> str:
    """The address without what may be secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "no address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:300]
