"""Git's own form of a tree."""

import pytest

from reconciler.sources.paths import DIR, FILE, SUBMODULE, SYMLINK, Entry
from reconciler.sources.rawtree import RawTree, differing
from tests.support.trees import MemoryTree

A, B = bytes(range(20)), b"40000 x\0" + b"y" * 12
"""Ids may hold any bytes, also such as look like the beginning of a row."""


def raw(*rows: tuple[str, bytes, bytes]) -> RawTree:
    return RawTree(b"".join(mode.encode() + b" " + name + b"\0" + oid for mode, name, oid in rows))


TREE = raw(
    ("40000", b"dir", A), ("100644", b"file", B), ("120000", b"link", A), ("160000", b"sub", B), ("100755", b"x y", A)
)


def test_every_row_is_an_entry() -> None:
    assert {name: entry.mode for name, entry in TREE.items()} == {
        "dir": DIR,
        "file": FILE,
        "link": SYMLINK,
        "sub": SUBMODULE,
        "x y": 0o100755,
    }
    assert (TREE["file"].oid, len(TREE)) == (B.hex(), 5)
    assert [entry.type for entry in TREE.leaves()] == ["file", "symlink", "file"]


def test_a_name_that_is_not_there_is_none() -> None:
    assert TREE.get("x") is None
    with pytest.raises(KeyError):
        TREE["y"]


def test_a_name_that_is_no_text_keeps_its_bytes() -> None:
    tree = raw(("100644", b"\xff.yaml", A))
    (name,) = tree
    assert tree[name] == Entry(FILE, tree["\udcff.yaml"].oid)


def test_trees_differ_by_names_modes_and_ids() -> None:
    other = raw(("40000", b"dir", B), ("100755", b"file", B), ("120000", b"link", A), ("100644", b"new", A))
    assert TREE.differing(other) == differing(TREE, other) == {"dir", "file", "sub", "x y", "new"}
    plain = MemoryTree({"a": "1"})
    assert differing(plain.entries(plain.root), {}) == {"a"}
