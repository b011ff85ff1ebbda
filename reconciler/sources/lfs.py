"""Files in Git LFS: a tree that shows, where a pointer lies, the file that it names, fetched when it is read.

Argo CD: only where the repository's Secret says `enableLfs`; elsewhere pointers are files like any other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from reconciler.errors import SourceError
from reconciler.models.keys import TreeId
from reconciler.sources.charts.web import Errand, get
from reconciler.sources.credentials import Access
from reconciler.sources.paths import Entry, Tree
from reconciler.sources.transport import Deadline, Question, Timeouts, ask

POINTER_BYTES: Final = 1024
"""The longest text that may be a pointer."""

BATCH_BYTES: Final = 1024**2
MEDIA: Final = "application/vnd.git-lfs+json"
FOLLOWED: Final = "lfs:"
"""Starts the ids of files here: what is read of one differs from what Git holds by that id."""

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,15})\n"
)


class LfsTree:
    """A Tree. `access` is entered already."""

    def __init__(self, tree: Tree, access: Access, timeouts: Timeouts) -> None:
        self._tree, self._access, self._timeouts = tree, access, timeouts
        self.root = tree.root

    def entries(self, tree: TreeId) -> Mapping[str, Entry]:
        """The names in a tree. Raises SourceUnavailable, SourceError."""
        return {name: _marked(entry) for name, entry in self._tree.entries(tree).items()}

    def blob(self, entry: Entry, parent: TreeId, limit_bytes: int) -> bytes | None:
        """A file's content; None when it, or what its pointer names, is larger. Raises SourceUnavailable,
        SourceError.
        """
        data = self._tree.blob(entry._replace(oid=TreeId(entry.oid.removeprefix(FOLLOWED))), parent, limit_bytes)
        pointer = _POINTER.fullmatch(data) if data is not None and len(data) <= POINTER_BYTES else None
        if pointer is None or entry.type != "file":
            return data
        oid, size = pointer[1].decode(), int(pointer[2])
        return self._fetched(oid, size) if size <= limit_bytes else None

    def publish(self) -> None:
        """Shares what was read of the repository. Raises StoreUnavailable."""
        self._tree.publish()

    def _fetched(self, oid: str, size: int) -> bytes:
        access = self._access
        if access.address.scheme not in ("https", "http"):
            raise SourceError(
                f"{access.url}: files in Git LFS are fetched by https only; give the repository's https URL"
            )
        deadline = Deadline(self._timeouts.fetch_s)
        action = self._action(oid, size, deadline)
        headers = {str(name): str(value) for name, value in (action.get("header") or {}).items()}
        own = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
        rest = {
            name: value for name, value in headers.items() if name.lower() not in ("authorization", "host", "cookie")
        }
        # The server's own authorization is for where it points, and for nowhere that leads on.
        errand = Errand(str(action["href"]), size + 1, rest, authorization=own, passes_credentials=own is not None)
        data = get(access, errand, deadline, self._timeouts).body
        if len(data) != size or hashlib.sha256(data).hexdigest() != oid:
            raise SourceError(f"{access.url}: what Git LFS gave for {oid[:12]} is not what its pointer names")
        return data

    def _action(self, oid: str, size: int, deadline: Deadline) -> Mapping[str, Any]:
        """Where the file can be had. Raises SourceError in the server's words, SourceUnavailable."""
        access = self._access
        asked = {"operation": "download", "transfers": ["basic"], "objects": [{"oid": oid, "size": size}]}
        question = Question(
            "info/lfs/objects/batch", orjson.dumps(asked), {"Accept": MEDIA, "Content-Type": MEDIA}, BATCH_BYTES
        )
        base = access.url if access.url.endswith(".git") else f"{access.url}.git"
        with ask(access, base, question, deadline, self._timeouts) as answer:
            text = b"".join(iter(answer.some, b""))
        try:
            (found,) = orjson.loads(text)["objects"]
            if "error" in found:
                raise SourceError(f"{access.url}: Git LFS refuses {oid[:12]} ({found['error'].get('code')})")
            action: Mapping[str, Any] = found["actions"]["download"]
            str(action["href"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceError(f"{access.url}: the answer of Git LFS names no download for {oid[:12]}") from error
        return action


def _marked(entry: Entry) -> Entry:
    return entry._replace(oid=TreeId(f"{FOLLOWED}{entry.oid}")) if entry.type == "file" else entry
