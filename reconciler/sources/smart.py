"""Git over HTTP: refs and packs by protocol version 2, one request each, with a total time limit.

A server that wants to be asked at another address, or speaks only the old protocol, is found out once and remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import CommitId
from reconciler.sources import wire
from reconciler.sources.credentials import Access
from reconciler.sources.transport import Answer, Deadline, Moved, NotThere, Question, Timeouts, ask
from reconciler.sources.wire import NotGit, RefLine

REFS_LIMIT_BYTES = 64 * 1024 * 1024
_DISCOVERY = "info/refs?service=git-upload-pack"


class OldProtocol(SourceUnavailable):
    """The server speaks no version 2; libgit2 has to do it."""


class SmartHttp:
    """The client of all HTTP repositories of one process."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._bases: dict[str, str] = {}
        self._old: set[str] = set()
        self._lock = threading.Lock()

    def ls_refs(self, access: Access, prefixes: Sequence[str]) -> list[RefLine]:
        """Raises SourceUnavailable, SourceError."""
        deadline = Deadline(self._timeouts.refs_s)
        try:
            with self._post(access, wire.ls_refs(prefixes), REFS_LIMIT_BYTES, deadline) as answer:
                return list(wire.ref_lines(answer.exactly))
        except OldProtocol:
            return self._advertised(access, deadline)

    @contextmanager
    def fetch(
        self, access: Access, wants: Sequence[str], haves: Sequence[str], *, limit_bytes: int
    ) -> Iterator[Iterator[bytes]]:
        """Gives the chunks of a pack with the wanted commits and their trees. Raises SourceUnavailable,
        SourceError, OldProtocol.
        """
        deadline = Deadline(self._timeouts.fetch_s)
        with self._post(access, wire.fetch(wants, haves), limit_bytes, deadline) as answer:
            yield wire.pack_chunks(answer.exactly)

    @contextmanager
    def _post(self, access: Access, body: bytes, limit_bytes: int, deadline: Deadline) -> Iterator[Answer]:
        if access.scope in self._old:
            raise OldProtocol(f"{access.url}: the Git server does not speak protocol version 2")
        question = wire_question(body, limit_bytes)
        base = self._base(access)
        answered = False
        try:
            with ask(access, base, question, deadline, self._timeouts) as answer:
                _check_result(answer)
                answered = True
                yield answer
                return
        except (Moved, NotThere, NotGit):
            if answered or access.scope in self._bases:
                raise
        base = self._discover(access, deadline)
        with ask(access, base, question, deadline, self._timeouts) as answer:
            _check_result(answer)
            yield answer

    def _base(self, access: Access) -> str:
        with self._lock:
            return self._bases.get(access.scope, access.url)

    def _discover(self, access: Access, deadline: Deadline) -> str:
        """Finds the address to ask at, as `git clone` does: its first question may be redirected, on the same host
        only.
        """
        base = str(access.url)
        for _ in range(3):
            try:
                with ask(access, base, Question(_DISCOVERY, headers=wire.V2), deadline, self._timeouts) as answer:
                    speaks_v2 = _speaks_v2(access, answer)
            except Moved as moved:
                base = _followed(access, base, moved)
                continue
            with self._lock:
                self._bases[access.scope] = base
                if not speaks_v2:
                    self._old.add(access.scope)
            if not speaks_v2:
                raise OldProtocol(f"{access.url}: the Git server does not speak protocol version 2")
            return base
        raise SourceError(f"{access.url}: redirected too often")

    def _advertised(self, access: Access, deadline: Deadline) -> list[RefLine]:
        """The refs as servers of the old protocol announce them, all at once."""
        question = Question(_DISCOVERY, limit_bytes=REFS_LIMIT_BYTES)
        with ask(access, self._base(access), question, deadline, self._timeouts) as answer:
            first = list(wire.packets(answer.exactly))
            if not first or first[0] is None or not first[0].startswith(b"# service=git-upload-pack"):
                raise SourceError(f"{access.url}: this is no Git repository over smart HTTP")
            return _old_lines([payload for payload in wire.packets(answer.exactly) if payload])


def wire_question(body: bytes, limit_bytes: int) -> Question:
    return Question(wire.UPLOAD_PACK, body, wire.POST_HEADERS, limit_bytes)


def _check_result(answer: Answer) -> None:
    # A server of the old protocol does not understand the question and says nothing at all.
    if not answer.content_type.startswith("application/x-git-upload-pack-result") or answer.is_empty:
        raise NotGit("the answer is not Git's protocol; is this the URL that `git clone` takes?")


def _speaks_v2(access: Access, answer: Answer) -> bool:
    if not answer.content_type.startswith("application/x-git-upload-pack-advertisement"):
        raise SourceError(f"{access.url}: this is no Git repository over smart HTTP")
    for _ in range(2):
        for payload in wire.packets(answer.exactly):
            if payload == b"version 2\n":
                return True
    return False


def _followed(access: Access, base: str, moved: Moved) -> str:
    target = urljoin(f"{base}/{_DISCOVERY}", moved.location)
    new, old = urlsplit(target), urlsplit(base)
    if not moved.location or not target.endswith(f"/{_DISCOVERY}"):
        raise moved
    # Credentials go to the host that their Secret names; a redirect must not carry them elsewhere, nor to plain text.
    if new.netloc != old.netloc or (old.scheme, new.scheme) == ("https", "http"):
        raise SourceError(
            f"{access.url} redirects to another host ({new.hostname}); write that URL in the Application instead"
        )
    return target.removesuffix(f"/{_DISCOVERY}")


def _old_lines(payloads: Sequence[bytes]) -> list[RefLine]:
    first, _, capabilities = payloads[0].partition(b"\0") if payloads else (b"", b"", b"")
    rows = [payload.decode("utf-8", "replace").strip().split(" ", 1) for payload in (first, *payloads[1:])]
    peeled = {name.removesuffix("^{}"): oid for oid, name in rows if name.endswith("^{}")}
    symrefs = dict(
        word.removeprefix("symref=").split(":", 1)
        for word in capabilities.decode().split()
        if word.startswith("symref=")
    )
    return [
        RefLine(name, CommitId(oid), CommitId(peeled[name]) if name in peeled else None, symrefs.get(name))
        for oid, name in rows
        if not name.endswith("^{}") and name.strip("\0") and oid != "0" * 40
    ]
