"""Addresses of single files."""

from __future__ import annotations

import pytest

from reconciler.errors import SourceError
from reconciler.sources.charts.archive import Member
from reconciler.sources.charts.archivetree import ArchiveTree
from reconciler.sources.charts.remotefile import (
    LIMIT_BYTES,
    REMEMBER_S,
    REMEMBERED_BYTES,
    RemoteFiles,
    file_name,
    without_query,
)
from reconciler.sources.paths import FILE
from reconciler.sources.transport import Timeouts


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://files.corp/a/web.yaml", "web.yaml"),
        ("https://files.corp/a/web.yaml?token=x", "web.yaml"),
        ("https://files.corp/a%2Fb", "file"),
        ("https://files.corp/..", "file"),
        ("https://files.corp/a/", "a"),
    ],
)
def test_a_file_is_named_after_its_address(url: str, name: str) -> None:
    assert file_name(url) == name


def test_what_may_be_secret_is_not_shown() -> None:
    assert without_query("HTTPS://me:secret@files.corp/a.yaml?token=x#y") == "https://files.corp/a.yaml"


def kept(now: list[float], *sizes: int) -> RemoteFiles:
    files = RemoteFiles(Timeouts(), clock=lambda: now[0])
    for number, size in enumerate(sizes):
        files._remember(("scope", str(number)), a_file(size))
    return files


def a_file(size_bytes: int) -> ArchiveTree:
    return ArchiveTree([Member("a.yaml", FILE, b"#" * size_bytes)], "files.corp")


def test_files_are_remembered_up_to_a_size_together_the_oldest_going_first() -> None:
    files = kept([0.0], *[LIMIT_BYTES] * 5)
    assert [url for _, url in files._known] == ["2", "3", "4"]
    assert files._bytes == sum(tree.size_bytes for _, tree in files._known.values()) <= REMEMBERED_BYTES


def test_a_file_that_is_fetched_anew_counts_once() -> None:
    files = kept([0.0], LIMIT_BYTES, 10)
    for _ in range(9):
        files._remember(("scope", "0"), a_file(LIMIT_BYTES))
    assert [url for _, url in files._known] == ["1", "0"]
    assert files._bytes == a_file(LIMIT_BYTES).size_bytes + a_file(10).size_bytes


def test_what_is_too_old_to_be_believed_is_dropped_when_another_comes() -> None:
    now = [0.0]
    files = kept(now, 10, 10)
    now[0] = REMEMBER_S
    files._remember(("scope", "new"), a_file(10))
    assert [url for _, url in files._known] == ["new"]
    assert files._bytes == a_file(10).size_bytes


@pytest.mark.parametrize("url", ["ftp://files.corp/a", "file:///etc/passwd", "https://files.corp", "https://[::1"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(SourceError):
        without_query(url)
