"""Reads a Git pack: its objects, with their differences resolved, written loose or indexed.

The format is Git's own (`gitformat-pack`). Small packs become loose objects, commits last, so that a commit that
exists is complete; large ones are
indexed in place.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.errors import SourceError

KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
MAX_OBJECT_BYTES = 256 * 1024 * 1024
CACHED_BYTES = 192 * 1024 * 1024
_OFS_DELTA, _REF_DELTA = 6, 7
_HEADER_BYTES = 12
_TRAILER_BYTES = 20

ReadBase = Callable[[bytes], "tuple[int, bytes] | None"]


class Entry(NamedTuple):
    """Where one object lies in the pack, before its difference is resolved. `base` is an offset, a raw id or None."""

    offset: int
    kind: int
    size: int
    data_at: int
    end: int
    base: int | bytes | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """One object: its id (20 raw bytes), kind as Git numbers it, content, and where it lies in the pack."""

    oid: bytes
    kind: int
    data: bytes
    entry: Entry


def object_count(pack: bytes | memoryview) -> int:
    """How many objects the header announces. Raises SourceError when it is no pack."""
    if len(pack) < _HEADER_BYTES + _TRAILER_BYTES or bytes(pack[:4]) != b"PACK":
        raise SourceError("the Git server sent no pack")
    version, count = struct.unpack(">II", pack[4:_HEADER_BYTES])
    if version != 2:
        raise SourceError(f"the Git server sent a pack of version {version}")
    return int(count)


def check_trailer(pack: bytes | memoryview) -> None:
    """Raises SourceError when the pack's checksum is not that of its content."""
    if hashlib.sha1(pack[:-_TRAILER_BYTES], usedforsecurity=False).digest() != bytes(pack[-_TRAILER_BYTES:]):
        raise SourceError("the pack is damaged: its checksum does not match")


def object_id(kind: int, data: bytes) -> bytes:
    """Git's name of an object: the SHA-1 of its kind, length and content."""
    return hashlib.sha1(b"%s %d\0" % (KINDS[kind].encode(), len(data)) + data, usedforsecurity=False).digest()


class PackReader:
    """Resolves the objects of one pack. `read_base` serves objects that the pack takes for granted (a thin pack)."""

    def __init__(self, pack: bytes | memoryview, read_base: ReadBase) -> None:
        check_trailer(pack)
        self._pack = memoryview(pack)
        self._read_base = read_base
        self._entries = list(_entries(self._pack, object_count(pack)))
        self._by_offset = {entry.offset: entry for entry in self._entries}
        self._by_oid: dict[bytes, int] = {}
        self._cache: dict[int, tuple[int, bytes]] = {}
        self._cached_bytes = 0

    def objects(self) -> Iterator[Resolved]:
        """Every object once. Raises SourceError for a damaged pack or one object past the size limit."""
        waiting: Sequence[Entry] = self._entries
        while waiting:
            blocked = []
            for entry in waiting:
                found = self._resolve(entry)
                if found is None:
                    blocked.append(entry)
                else:
                    oid = object_id(*found)
                    self._by_oid[oid] = entry.offset
                    yield Resolved(oid, *found, entry)
            if len(blocked) == len(waiting):
                raise SourceError("the pack is damaged: it builds on objects that are not there")
            waiting = blocked

    def _resolve(self, entry: Entry) -> tuple[int, bytes] | None:
        """Kind and content, or None while a base with a higher offset is not known yet. Chains are walked, not
        recursed.
        """
        chain = [entry]
        while (found := self._cache.get(chain[-1].offset)) is None and chain[-1].base is not None:
            base = chain[-1].base
            offset = base if isinstance(base, int) else self._by_oid.get(base)
            if offset is not None:
                chain.append(self._by_offset[offset])
                continue
            found = self._read_base(base) if isinstance(base, bytes) else None
            if found is None:
                return None
            break
        else:
            last = chain.pop()
            found = found or (last.kind, self._inflated(last))
            self._remember(last.offset, found)
        for one in reversed(chain):
            found = (found[0], apply_delta(found[1], self._inflated(one)))
            self._remember(one.offset, found)
        return found

    def _remember(self, offset: int, found: tuple[int, bytes]) -> None:
        if offset in self._cache:
            return
        self._cache[offset] = found
        self._cached_bytes += len(found[1])
        while self._cached_bytes > CACHED_BYTES:
            self._cached_bytes -= len(self._cache.pop(next(iter(self._cache)))[1])

    def _inflated(self, entry: Entry) -> bytes:
        return zlib.decompress(self._pack[entry.data_at : entry.end], bufsize=max(entry.size, 1))


def apply_delta(base: bytes, delta: bytes) -> bytes:
    """The content that a difference makes of its base. Raises SourceError when the two do not belong together."""
    base_size, at = _size(delta, 0)
    result_size, at = _size(delta, at)
    if base_size != len(base) or result_size > MAX_OBJECT_BYTES:
        raise SourceError("the pack is damaged: a difference does not fit its base")
    parts = []
    while at < len(delta):
        order = delta[at]
        at += 1
        if order & 0x80:
            start, length, at = _copy(delta, at, order)
            parts.append(base[start : start + length])
        else:
            parts.append(delta[at : at + order])
            at += order
    result = b"".join(parts)
    if len(result) != result_size:
        raise SourceError("the pack is damaged: a difference has the wrong length")
    return result


def index(pack: memoryview, objects: Sequence[tuple[bytes, int, int]]) -> bytes:
    """The index (version 2) of a pack, from (id, offset, end) of each object."""
    rows = sorted(objects)
    fanout = [0] * 256
    for oid, _, _ in rows:
        fanout[oid[0]] += 1
    totals, total = [], 0
    for count in fanout:
        total += count
        totals.append(total)
    far = [offset for _, offset, _ in rows if offset >= 1 << 31]
    near = [offset if offset < 1 << 31 else (1 << 31) + far.index(offset) for _, offset, _ in rows]
    body = b"".join(
        (
            b"\xfftOc\x00\x00\x00\x02",
            struct.pack(">256I", *totals),
            b"".join(oid for oid, _, _ in rows),
            struct.pack(f">{len(rows)}I", *(zlib.crc32(pack[offset:end]) for _, offset, end in rows)),
            struct.pack(f">{len(rows)}I", *near),
            struct.pack(f">{len(far)}Q", *far),
            bytes(pack[-_TRAILER_BYTES:]),
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _entries(pack: memoryview, count: int) -> Iterator[Entry]:
    at = _HEADER_BYTES
    for _ in range(count):
        entry = _entry(pack, at)
        yield entry
        at = entry.end
    if at != len(pack) - _TRAILER_BYTES:
        raise SourceError("the pack is damaged: it holds more than it announces")


def _entry(pack: memoryview, offset: int) -> Entry:
    first = pack[offset]
    kind, size, shift, at = (first >> 4) & 7, first & 15, 4, offset + 1
    while pack[at - 1] & 0x80:
        size |= (pack[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    if size > MAX_OBJECT_BYTES:
        raise SourceError(f"the repository holds an object of {size} bytes; more than {MAX_OBJECT_BYTES} are not read")
    base, at = _base(pack, kind, offset, at)
    return Entry(offset, kind, size, at, _end(pack, at, size), base)


def _base(pack: memoryview, kind: int, offset: int, at: int) -> tuple[int | bytes | None, int]:
    if kind == _REF_DELTA:
        return bytes(pack[at : at + 20]), at + 20
    if kind == _OFS_DELTA:
        byte = pack[at]
        distance, at = byte & 0x7F, at + 1
        while byte & 0x80:
            byte = pack[at]
            distance, at = ((distance + 1) << 7) | (byte & 0x7F), at + 1
        return offset - distance, at
    if kind not in KINDS:
        raise SourceError("the pack is damaged: it holds an object of no known kind")
    return None, at


def _end(pack: memoryview, at: int, size: int) -> int:
    """Where the compressed data that starts at `at` ends. Raises SourceError when it does not hold `size` bytes."""
    inflater = zlib.decompressobj()
    step = size + (size >> 3) + 64
    produced, position = 0, at
    while not inflater.eof:
        piece = pack[position : position + step]
        try:
            produced += len(inflater.decompress(piece, size + 1 - produced))
            tail = inflater.unconsumed_tail
            position += len(piece) - len(tail)
        except zlib.error as error:
            raise SourceError("the pack is damaged: an object does not inflate") from error
        if produced > size or (not piece and not inflater.eof):
            raise SourceError("the pack is damaged: an object has the wrong length")
    if produced != size:
        raise SourceError("the pack is damaged: an object has the wrong length")
    return position - len(inflater.unused_data)


def _size(delta: bytes, at: int) -> tuple[int, int]:
    size, shift = 0, 0
    while True:
        byte = delta[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return size, at


def _copy(delta: bytes, at: int, order: int) -> tuple[int, int, int]:
    start = length = 0
    for bit in range(4):
        if order & (1 << bit):
            start |= delta[at] << (8 * bit)
            at += 1
    for bit in range(3):
        if order & (16 << bit):
            length |= delta[at] << (8 * bit)
            at += 1
    return start, length or 0x10000, at
