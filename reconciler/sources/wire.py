"""Git's protocol version 2 as bytes: packet lines, the two questions asked, their answers. No network here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import CommitId

FLUSH: Final = None
DELIMITER: Final = b"\x00delimiter"
UPLOAD_PACK = "git-upload-pack"
V2 = {"Git-Protocol": "version=2"}
POST_HEADERS = {
    **V2,
    "Content-Type": "application/x-git-upload-pack-request",
    "Accept": "application/x-git-upload-pack-result",
}
_AGENT = b"agent=git/reconciler\n"
_FORMAT = b"object-format=sha1\n"
_DATA, _PROGRESS, _ERROR = 1, 2, 3


@dataclass(frozen=True, slots=True)
class RefLine:
    """One line of an ls-refs answer; `peeled` is what an annotated tag stands for, `symref` what HEAD points to."""

    name: str
    oid: CommitId
    peeled: CommitId | None = None
    symref: str | None = None


def packet(payload: bytes) -> bytes:
    return b"%04x" % (len(payload) + 4) + payload


def ls_refs(prefixes: Iterable[str]) -> bytes:
    """Asks for the refs that start with any of the prefixes, with what symbolic refs and tags stand for."""
    lines = [b"peel\n", b"symrefs\n", *(f"ref-prefix {prefix}\n".encode() for prefix in prefixes)]
    return _command(b"ls-refs", lines)


def fetch(wants: Iterable[str], haves: Iterable[str]) -> bytes:
    """Asks for the trees of commits, without their history, as differences to commits that are here already.

    The mirror never holds history, so each commit that it has is told as a shallow one: its parents are not here.
    """
    own = list(haves)
    lines = [b"thin-pack\n", b"ofs-delta\n", b"no-progress\n", b"deepen 1\n"]
    lines += [f"shallow {oid}\n".encode() for oid in own]
    lines += [f"want {oid}\n".encode() for oid in wants]
    lines += [f"have {oid}\n".encode() for oid in own]
    return _command(b"fetch", [*lines, b"done\n"])


def packets(read: Callable[[int], bytes]) -> Iterator[bytes | None]:
    """The packets of an answer: their payload, FLUSH or DELIMITER; ends after the first FLUSH. Raises SourceError
    on the peer's ERR.
    """
    while True:
        length = _length(read(4))
        if length == 0:
            yield FLUSH
            return
        if length < 4:
            yield DELIMITER
            continue
        payload = read(length - 4)
        if payload.startswith(b"ERR "):
            raise _refusal(payload[4:])
        yield payload


def ref_lines(read: Callable[[int], bytes]) -> Iterator[RefLine]:
    for payload in packets(read):
        if payload is not FLUSH and payload != DELIMITER:
            yield _ref_line(payload.decode("utf-8", "replace").rstrip("\n"))


def pack_chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """The bytes of the pack inside a fetch answer. Raises SourceError with the server's own words when it refuses."""
    inside = False
    for payload in packets(read):
        if payload is FLUSH or payload == DELIMITER:
            continue
        if not inside:
            inside = payload == b"packfile\n"
            continue
        if payload[0] == _DATA:
            yield payload[1:]
        elif payload[0] == _ERROR:
            raise _refusal(payload[1:])


def _command(name: bytes, lines: Iterable[bytes]) -> bytes:
    head = packet(b"command=" + name + b"\n") + packet(_AGENT) + packet(_FORMAT) + b"0001"
    return head + b"".join(map(packet, lines)) + b"0000"


def _length(head: bytes) -> int:
    try:
        return int(head, 16)
    except ValueError as error:
        raise NotGit("the answer is not Git's protocol") from error


class NotGit(SourceUnavailable):
    """The other side does not speak the protocol that was asked for."""


def _ref_line(line: str) -> RefLine:
    oid, _, rest = line.partition(" ")
    name, *attributes = rest.split(" ")
    if len(oid) != 40 or not name:
        raise NotGit("the answer is not a list of refs")
    told = dict(part.split(":", 1) for part in attributes if ":" in part)
    peeled = told.get("peeled")
    return RefLine(name, CommitId(oid), CommitId(peeled) if peeled else None, told.get("symref-target"))


def _refusal(words: bytes) -> SourceError:
    text = "".join(c if c.isprintable() else " " for c in words.decode("utf-8", "replace")).strip()[:200]
    return SourceError(f"the Git server refused: {text}")
