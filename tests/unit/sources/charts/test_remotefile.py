"""Addresses of single files."""

from __future__ import annotations

import pytest

from reconciler.errors import SourceError
from reconciler.sources.charts.remotefile import file_name, without_query


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


@pytest.mark.parametrize("url", ["ftp://files.corp/a", "file:///etc/passwd", "https://files.corp", "https://[::1"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(SourceError):
        without_query(url)
