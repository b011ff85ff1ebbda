"""Repository addresses: which shapes may pass, and when two of them name the same repository. Pure text.

For Git nothing but https, http, ssh and the short `user@host:path` form passes, so no address can become a local path,
a program to start or an option. Repositories of charts are told from those of Git by their scheme: `helm+https`,
`helm+http` and `oci`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from reconciler.errors import SpecError
from reconciler.models.keys import RepoUrl

MAX_URL_CHARS = 2048
DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22, "helm+https": 443, "helm+http": 80, "oci": 443}
GIT = frozenset({"https", "http", "ssh"})
CHARTS = frozenset({"helm+https", "helm+http", "oci"})
HELM, OCI = "helm+", "oci://"

_PLAIN = re.compile(r"[\x21-\x7e]+")
_FORBIDDEN = re.compile(r"[\\\"'`<>{}|^]|%(?:0|1|7f|5c|2e|2f)", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])", re.IGNORECASE)
_SHORT = re.compile(r"(?P<user>[A-Za-z0-9_][\w.-]*)@(?P<host>[^/:@]+|\[[0-9A-Fa-f:.]+\]):(?P<path>.+)")
_GIT_SHAPES = "https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH"
_CHART_SHAPES = "https://HOST/PATH or oci://HOST/PATH"


@dataclass(frozen=True, slots=True)
class Address:
    """A repository URL in its parts. `short` marks the form `user@host:path`; the path has no leading slash."""

    scheme: str
    host: str
    port: int
    path: str
    user: str = ""
    short: bool = False

    @property
    def authority(self) -> str:
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.host}{port}"

    @property
    def place(self) -> str:
        """Host and port, the port always."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> RepoUrl:
        """The address without secrets, ready to connect to. The user of ssh is part of the address, that of https
        is not.
        """
        if self.short:
            return RepoUrl(f"{self.user}@{self.host}:{self.path}")
        user = f"{self.user}@" if self.scheme == "ssh" and self.user else ""
        return RepoUrl(f"{self.scheme}://{user}{self.authority}/{self.path}".rstrip("/"))

    @property
    def key(self) -> tuple[str, str, str]:
        """What credentials are looked up by: see `lookup_key`."""
        return self.scheme, self.authority, self.bare_path.lower()

    @property
    def bare_path(self) -> str:
        """The path without `.git` and slashes around it."""
        return self.path.strip("/").removesuffix(".git").rstrip("/")


def parse_url(url: str, schemes: Collection[str] = GIT) -> Address:
    """Splits a repository URL. Raises SpecError, which never quotes a password, for a shape that may not pass."""
    if len(url) > MAX_URL_CHARS:
        raise SpecError(f"repository URL is longer than {MAX_URL_CHARS} characters")
    text = url.strip()
    if not _PLAIN.fullmatch(text) or _FORBIDDEN.search(text):
        raise _refused(text, "it holds characters that no repository URL needs", schemes)
    short = _SHORT.fullmatch(text) if "://" not in text and "ssh" in schemes else None
    address = _from_short(short) if short else _from_long(text, schemes)
    if not _HOST.fullmatch(address.host):
        raise _refused(text, "its host is not a host name", schemes)
    # A repository of charts may be a whole host.
    if (not address.path and address.scheme in GIT) or address.path.startswith("-") or ".." in address.path.split("/"):
        raise _refused(text, "its path is empty, starts with a dash or climbs with ..", schemes)
    return address


def parse_any(url: str) -> Address:
    """Splits the identity of a repository of Git or of charts. Raises SpecError."""
    return parse_url(url, GIT | CHARTS)


def chart_url(url: str, *, is_oci: bool = False) -> RepoUrl:
    """The identity of a repository of charts or OCI artifacts, as written in a source or a Secret. Raises SpecError.

    Argo CD: charts in a registry are named without a scheme. `is_oci` says that an https address is one of those.
    """
    text = url.strip()
    scheme, mark, rest = text.partition("://")
    if not mark:
        text = OCI + text
    elif is_oci and scheme.lower() == "https":
        text = OCI + rest
    elif scheme.lower() in ("https", "http"):
        text = HELM + text
    return parse_url(text, CHARTS).url


def source_url(url: str, chart: str) -> RepoUrl:
    """The identity of what a source names: a repository of charts where it names a chart or `oci://`, else one of Git.

    Raises SpecError.
    """
    return chart_url(url) if chart or is_oci(url) else canonical_url(url)


def is_oci(url: str) -> bool:
    """Whether an address as written names an OCI artifact."""
    return url.strip().lower().startswith(OCI)


def canonical_url(url: str) -> RepoUrl:
    """The identity of a repository: no credentials, scheme and host in lower case, no default port, no trailing slash.

    The path keeps its case and its `.git`, since servers tell those apart and this address is the one connected to.
    Raises SpecError.
    """
    return parse_url(url).url


def check_url(url: str) -> None:
    """Raises SpecError unless the URL has one of the shapes that may pass."""
    parse_url(url)


def lookup_key(url: str) -> tuple[str, str, str]:
    """What credentials are looked up by: protocol, host with port, path in lower case without `.git` (Argo CD:
    normalised URL).
    """
    return parse_url(url).key


def same_repository(a: str, b: str) -> bool:
    """Whether two URLs mean one repository to a webhook: scheme, user, port, case, `.git` and an `ssh.` prefix do not
    count.

    Argo CD: webhook, affected applications. URLs that may not pass are the same as nothing.
    """
    try:
        return _loose_key(a) == _loose_key(b)
    except SpecError:
        return False


def _loose_key(url: str) -> tuple[str, str]:
    address = parse_url(url)
    host = address.host.removeprefix("altssh.").removeprefix("ssh.")
    return host, address.bare_path.lower()


def _from_short(match: re.Match[str]) -> Address:
    path = match["path"].rstrip("/")
    return Address("ssh", match["host"].lower(), DEFAULT_PORTS["ssh"], path, user=match["user"], short=True)


def _from_long(text: str, schemes: Collection[str]) -> Address:
    try:
        parts = urlsplit(text)
        scheme, port = parts.scheme, parts.port
    except ValueError as error:
        raise _refused(text, "it does not read as a URL", schemes) from error
    if scheme not in schemes or not text.lower().startswith(f"{scheme}://"):
        served = "https, http and ssh" if "ssh" in schemes else "https, http and oci"
        raise _refused(text, f"only {served} are served", schemes)
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise _refused(text, "it has a query or a fragment", schemes)
    if parts.password is not None:
        raise _refused(text, "it holds a password, which belongs into a repository Secret", schemes)
    user = unquote(parts.username or "")
    if user.startswith("-"):
        raise _refused(text, "its user starts with a dash", schemes)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return Address(scheme, host.lower(), port or DEFAULT_PORTS[scheme], parts.path.strip("/"), user)


def _refused(text: str, why: str, schemes: Collection[str]) -> SpecError:
    shown = re.sub(r"//[^/@]*@", "//", text.encode("ascii", "backslashreplace").decode())[:200].removeprefix(HELM)
    shapes = _GIT_SHAPES if "ssh" in schemes else _CHART_SHAPES
    return SpecError(f"repository URL {shown!r} is refused: {why}; write {shapes}")
