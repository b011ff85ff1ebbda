"""Packs: real ones are read as git reads them, damaged ones are refused."""

import hashlib
import struct
import zlib

import pytest

from reconciler.errors import SourceError
from reconciler.sources.pack import PackReader, apply_delta, check_trailer, index, object_count, object_id

BLOB = 3


def nothing(oid: bytes) -> None:
    del oid


def sealed(count: int, *entries: bytes) -> bytes:
    body = b"PACK" + struct.pack(">II", 2, count) + b"".join(entries)
    return body + hashlib.sha1(body).digest()


def an_entry(kind: int, data: bytes, base: bytes = b"") -> bytes:
    size, head = len(data), []
    byte, size = (kind << 4) | (size & 15), size >> 4
    while size:
        head.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    return bytes([*head, byte]) + base + zlib.compress(data)


def a_delta(base: bytes, result: bytes) -> bytes:
    """A difference that copies all of the base and appends the rest."""
    assert result.startswith(base)
    assert len(result) < 128
    rest = result[len(base) :]
    return bytes([len(base), len(result), 0x80 | 0x10, len(base), len(rest)]) + rest


def contents(pack: bytes) -> list[bytes]:
    return [found.data for found in PackReader(pack, nothing).objects()]


def test_plain_objects_are_read() -> None:
    assert contents(sealed(2, an_entry(BLOB, b"a"), an_entry(BLOB, b"b" * 5000))) == [b"a", b"b" * 5000]


def test_a_difference_to_an_earlier_object_is_resolved() -> None:
    first = an_entry(BLOB, b"hello")
    distance = len(first)
    assert contents(sealed(2, first, an_entry(6, a_delta(b"hello", b"hello you"), bytes([distance])))) == [
        b"hello",
        b"hello you",
    ]


def test_a_difference_to_a_later_object_waits_for_it() -> None:
    base = object_id(BLOB, b"hello")
    pack = sealed(2, an_entry(7, a_delta(b"hello", b"hello you"), base), an_entry(BLOB, b"hello"))
    assert sorted(contents(pack)) == [b"hello", b"hello you"]


def test_a_thin_pack_builds_on_what_is_here() -> None:
    base = object_id(BLOB, b"hello")
    pack = sealed(1, an_entry(7, a_delta(b"hello", b"hello you"), base))
    (found,) = PackReader(pack, {base: (BLOB, b"hello")}.get).objects()
    assert (found.data, found.oid) == (b"hello you", object_id(BLOB, b"hello you"))
    with pytest.raises(SourceError, match="not there"):
        contents(pack)


def test_a_long_chain_of_differences_does_not_exhaust_the_stack() -> None:
    entries, text = [an_entry(BLOB, b"")], b""
    for _ in range(120):
        text, before = text + b"x", text
        delta = bytes([len(before), len(text)]) + (bytes([0x90, len(before)]) if before else b"") + b"\x01x"
        entries.append(an_entry(6, delta, bytes([len(entries[-1])])))
    assert max(contents(sealed(len(entries), *entries)), key=len) == b"x" * 120


@pytest.mark.parametrize(
    "pack",
    [
        b"PACK",
        b"NOPE" + bytes(40),
        sealed(1, an_entry(BLOB, b"a"))[:-1] + b"\0",
        sealed(2, an_entry(BLOB, b"a"), an_entry(5, b"a")),
        sealed(1, an_entry(BLOB, b"a"), b"more"),
        sealed(1, bytes([(BLOB << 4) | 5]) + zlib.compress(b"too long for five")),
        sealed(1, bytes([(BLOB << 4) | 9]) + zlib.compress(b"short")),
        sealed(1, bytes([(BLOB << 4) | 5]) + b"no zlib here"),
        sealed(1, an_entry(7, b"\x05\x05", bytes(20))),
    ],
)
def test_a_damaged_pack_is_refused(pack: bytes) -> None:
    with pytest.raises(SourceError):
        contents(pack)


def test_an_object_past_the_limit_is_refused_by_its_header() -> None:
    head = bytes([(BLOB << 4) | 0x80, 0xFF, 0xFF, 0xFF, 0x7F])
    with pytest.raises(SourceError, match="bytes"):
        contents(sealed(1, head + zlib.compress(b"")))


@pytest.mark.parametrize("delta", [b"\x04\x05", b"\x05\x05\x02ab", b"\x05\x02\x90\x05"])
def test_a_difference_that_does_not_fit_is_refused(delta: bytes) -> None:
    with pytest.raises(SourceError):
        apply_delta(b"hello", delta)


def test_an_index_finds_objects_by_the_first_byte_of_their_id() -> None:
    pack = sealed(2, an_entry(BLOB, b"a"), an_entry(BLOB, b"b"))
    rows = [(found.oid, found.entry.offset, found.entry.end) for found in PackReader(pack, nothing).objects()]
    made = index(memoryview(pack), rows)
    fanout = struct.unpack(">256I", made[8 : 8 + 1024])
    ids = [made[1032:1052], made[1052:1072]]
    assert (fanout[255], ids) == (2, sorted(oid for oid, _, _ in rows))
    check_trailer(made)
    assert object_count(pack) == 2
