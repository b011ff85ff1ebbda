"""Tar archives of strangers, unpacked in memory: plain files and folders, all of it refused where one entry is odd."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

from reconciler.errors import SourceError
from reconciler.sources.paths import EXECUTABLE, FILE, SYMLINK, clean_path

CHUNK_BYTES = 256 * 1024
_BLOCK_BYTES = 512
_MAX_NAME_CHARS = 255
_SPECIAL_BITS = 0o7000


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What one archive may hold. The ratio counts above `free_bytes`: small files of zeroes are no attack."""

    files: int = 50_000
    unpacked_bytes: int = 256 * 1024**2
    ratio: int = 100
    free_bytes: int = 16 * 1024**2

    def unpacked(self, packed_bytes: int) -> int:
        """How large an archive of this size may become."""
        return min(self.unpacked_bytes, max(self.free_bytes, packed_bytes * self.ratio))


@dataclass(frozen=True, slots=True)
class Member:
    """A file, or a link whose `content` is its target. `path` is relative and clean."""

    path: str
    mode: int
    content: bytes


def unpack(
    data: bytes, what: str, *, strips_top: bool, keeps_links: bool = False, limits: ArchiveLimits | None = None
) -> tuple[Member, ...]:
    """Every file of a tar archive, gzipped or not. `what` names it in errors. Raises SourceError.

    `strips_top` leaves out the first folder of each path, in which Helm puts a chart. `keeps_links` lets symbolic
    links pass that stay inside.
    """
    limits = limits or ArchiveLimits()
    members: dict[str, Member] = {}
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", _Unpacked(data, limits, what)), mode="r|") as archive:
            for count, info in enumerate(archive, start=1):
                if count > limits.files:
                    raise SourceError(f"{what} holds more than {limits.files} files")
                member = _member(archive, info, what, strips_top=strips_top, keeps_links=keeps_links)
                if member and members.setdefault(member.path, member) is not member:
                    raise SourceError(f"{what} holds {member.path[:200]!r} twice")
    except (tarfile.TarError, zlib.error, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise SourceError(f"{what} is no readable archive: {str(error)[:200] or type(error).__name__}") from None
    if not members:
        raise SourceError(f"{what} is empty")
    return tuple(members.values())


def _member(
    archive: tarfile.TarFile, info: tarfile.TarInfo, what: str, *, strips_top: bool, keeps_links: bool
) -> Member | None:
    path = _path(info.name, what)
    if info.isdir():
        return None
    if info.mode & _SPECIAL_BITS:
        raise SourceError(f"{what} holds {path[:200]!r} with a setuid, setgid or sticky bit")
    if strips_top:
        top, _, path = path.partition("/")
        if not path:
            raise SourceError(f"{what} holds {top[:200]!r} outside of the folder that a chart lies in")
    if info.issym() and keeps_links:
        return Member(path, SYMLINK, _target(info, path, what))
    if not info.isreg() or info.issparse():
        raise SourceError(f"{what} holds {path[:200]!r}, which is a {_kind(info)}; only plain files are accepted")
    content = archive.extractfile(info)
    data = content.read() if content else b""
    if len(data) != info.size:
        raise SourceError(f"{what} ends within {path[:200]!r}")
    return Member(path, EXECUTABLE if info.mode & 0o100 else FILE, data)


def _path(name: str, what: str) -> str:
    odd = "\\" in name or ".." in name.split("/") or any(len(part) > _MAX_NAME_CHARS for part in name.split("/"))
    clean = None if odd or any(ord(char) < 32 for char in name) else clean_path(name)
    if clean is None:
        raise SourceError(f"{what} holds the path {name[:200]!r}, which is absolute, climbs, or is none")
    return clean


def _target(info: tarfile.TarInfo, path: str, what: str) -> bytes:
    target = info.linkname
    folder = path.rpartition("/")[0]
    if target.startswith("/") or clean_path(f"{folder}/{target}" if folder else target) is None:
        raise SourceError(f"{what} holds {path[:200]!r}, a link out of the archive")
    return target.encode("utf-8", "surrogateescape")


def _kind(info: tarfile.TarInfo) -> str:
    kinds = ((info.issym(), "symbolic link"), (info.islnk(), "hard link"), (info.issparse(), "sparse file"))
    return next((word for holds, word in kinds if holds), "device or pipe")


class _Unpacked(io.RawIOBase):
    """The content of an archive as a stream that ends with an error where it grows too large."""

    def __init__(self, data: bytes, limits: ArchiveLimits, what: str) -> None:
        super().__init__()
        self._what = what
        self._left = self._limit = limits.unpacked(len(data))
        self._chunks = _inflated(data) if data[:2] == b"\x1f\x8b" else iter((data,))
        self._buffer = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        parts: list[memoryview] = []
        missing = size if size >= 0 else self._limit + _BLOCK_BYTES
        while self._filled() and missing > 0:
            part = self._buffer[:missing]
            self._buffer = self._buffer[len(part) :]
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _filled(self) -> bool:
        if len(self._buffer) > 0:
            return True
        chunk = next(self._chunks, b"")
        self._left -= len(chunk)
        if self._left < 0:
            raise SourceError(f"{self._what} unpacks to more than {self._limit} bytes")
        self._buffer = memoryview(chunk)
        return bool(chunk)


def _inflated(data: bytes) -> Iterator[bytes]:
    """The content of one or several gzip members, piece by piece. Raises zlib.error, EOFError."""
    rest = data
    while rest[:2] == b"\x1f\x8b":
        inflater = zlib.decompressobj(wbits=31)
        while True:
            piece = inflater.decompress(rest, CHUNK_BYTES)
            if piece:
                yield piece
            if inflater.eof:
                break
            rest = inflater.unconsumed_tail
            if not piece and not rest:
                raise EOFError("it ends early")
        rest = inflater.unused_data
