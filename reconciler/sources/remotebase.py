"""Reads the texts by which kustomizations name folders of other repositories. Pure text.

kustomize (api/internal/git/repospec): a URL, the short form of SSH or `github.com/…`; `?ref=` names the revision, and
the folder follows after `//`, after `.git`, after `_git/NAME`, else after two parts of the path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from reconciler.errors import SourceError

_GITHUB = re.compile(r"github\.com[:/]", re.IGNORECASE)
_START = re.compile(r"(?P<scheme>(?:https?|ssh)://)?(?P<user>[A-Za-z][A-Za-z0-9-]*(?::[^/@]*)?@)?", re.IGNORECASE)
_AZURE = re.compile(r"_git/[^/]*")


@dataclass(frozen=True, slots=True)
class RemoteBase:
    """`url` of a repository without user and password, `folder` in it ("" for its root), `revision` ("" for HEAD)."""

    url: str
    folder: str
    revision: str


def parse_remote_base(text: str) -> RemoteBase:
    """Splits an entry of `resources` or `components`. Raises SourceError for what names no repository."""
    whole, _, query = text.removeprefix("git::").partition("?")
    start = _START.match(whole)
    rest = whole[start.end() :] if start else whole
    scheme, user = (start["scheme"] or "").lower() if start else "", (start["user"] or "") if start else ""
    host, separator, path = _split(rest, short=not scheme)
    repository = _repository(path)
    folder = path[len(repository) :].strip("/")
    if not host or not repository or ".." in folder.split("/"):
        raise SourceError("it names no repository and folder")
    asked = parse_qs(query)
    revision = next((values[0] for name in ("ref", "version") if (values := asked.get(name))), "")
    return RemoteBase(_url(scheme, user, host, separator, repository), folder, revision)


def _split(rest: str, *, short: bool) -> tuple[str, str, str]:
    """Host, separator and path. Without a scheme a colon may stand between them, as SSH has it."""
    match = re.search(r"[/:]" if short else r"/", rest)
    if not match:
        return "", "", ""
    return rest[: match.start()], match.group(), rest[match.end() :].lstrip("/")


def _repository(path: str) -> str:
    if azure := _AZURE.search(path):
        return path[: azure.end()]
    if "//" in path:
        return path[: path.index("//")]
    if ".git" in path:
        return path[: path.index(".git") + len(".git")]
    parts = path.split("/", 2)
    return "/".join(parts[:2]) if len(parts) > 1 else ""


def _url(scheme: str, user: str, host: str, separator: str, repository: str) -> str:
    if not scheme and _GITHUB.match(f"{host}{separator}") and not user:
        return f"https://{host}/{repository}"
    if not scheme:
        return f"{user or 'git@'}{host}:{repository}"
    return f"{scheme}{user if scheme == 'ssh://' else ''}{host}/{repository}"
