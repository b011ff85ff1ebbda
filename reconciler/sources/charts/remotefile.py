"""Single files by HTTP, which sources name by their address: a kustomization's resource, a file of Helm values.

A file has no version: what was fetched is believed for some minutes, so a change there is seen by a later pass, and
nobody is woken by it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from reconciler.errors import SourceError
from reconciler.sources.charts.archive import Member
from reconciler.sources.charts.archivetree import ArchiveTree
from reconciler.sources.charts.web import Errand, get
from reconciler.sources.credentials import Access
from reconciler.sources.paths import FILE
from reconciler.sources.transport import Deadline, Timeouts

REMEMBER_S = 180.0
"""Argo CD keeps what a revision means for as long."""

REMEMBERED = 200
REMEMBERED_BYTES = 32 * 1024**2
LIMIT_BYTES = 10_000_000
WHOLE_S = 10.0
"""Below what a pass has for a rendering."""


class RemoteFiles:
    """Thread-safe. What was refused is asked for again."""

    def __init__(self, timeouts: Timeouts, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeouts, self._clock = timeouts, clock
        self._known: OrderedDict[tuple[str, str], tuple[float, ArchiveTree]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def tree(self, access: Access, url: str) -> ArchiveTree:
        """A folder that holds the file alone, under `file_name(url)`. Raises SourceError, SourceUnavailable."""
        asked = (access.scope, url)
        with self._lock:
            until, tree = self._known.get(asked, (0.0, None))
        if tree is None or self._clock() >= until:
            reply = get(access, Errand(url, LIMIT_BYTES), Deadline(WHOLE_S), self._timeouts)
            tree = ArchiveTree([Member(file_name(url), FILE, reply.body)], access.shown)
            self._remember(asked, tree)
        return tree

    def _remember(self, asked: tuple[str, str], tree: ArchiveTree) -> None:
        now = self._clock()
        with self._lock:
            self._forget(asked)
            self._known[asked] = (now + REMEMBER_S, tree)
            self._bytes += tree.size_bytes
            while self._is_full() or self._oldest()[1][0] <= now:
                self._forget(self._oldest()[0])

    def _oldest(self) -> tuple[tuple[str, str], tuple[float, ArchiveTree]]:
        return next(iter(self._known.items()))

    def _is_full(self) -> bool:
        return len(self._known) > REMEMBERED or self._bytes > REMEMBERED_BYTES

    def _forget(self, asked: tuple[str, str]) -> None:
        _, tree = self._known.pop(asked, (0.0, None))
        self._bytes -= tree.size_bytes if tree else 0


def without_query(url: str) -> str:
    """The address of a file without what may be secret in it. Raises SourceError for what is no http address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SourceError("it is no address of a file") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.path.strip("/"):
        raise SourceError("it is no address of a file")
    return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def file_name(url: str) -> str:
    """The last part of the address's path."""
    name = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    return name if name not in ("", ".", "..") and "/" not in name and "\0" not in name else "file"
