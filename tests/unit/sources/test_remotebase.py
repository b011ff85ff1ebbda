"""The texts by which kustomizations name folders of other repositories."""

from __future__ import annotations

import pytest

from reconciler.errors import SourceError
from reconciler.sources.remotebase import RemoteBase, parse_remote_base
from reconciler.sources.urls import canonical_url

SHA = "a" * 40


@pytest.mark.parametrize(
    ("text", "url", "folder", "revision"),
    [
        ("https://git.corp/org/repo//deploy/base?ref=v1.2.3", "https://git.corp/org/repo", "deploy/base", "v1.2.3"),
        ("https://git.corp/org/repo.git/deploy?ref=main", "https://git.corp/org/repo.git", "deploy", "main"),
        ("https://git.corp/org/repo.git", "https://git.corp/org/repo.git", "", ""),
        ("https://git.corp/org/repo/deploy/base", "https://git.corp/org/repo", "deploy/base", ""),
        ("https://git.corp/group/sub/repo.git//base", "https://git.corp/group/sub/repo.git", "base", ""),
        ("https://me:secret@git.corp/org/repo//base", "https://git.corp/org/repo", "base", ""),
        ("http://127.0.0.1:8080/fleet.git//base", "http://127.0.0.1:8080/fleet.git", "base", ""),
        ("github.com/org/repo/base?ref=main", "https://github.com/org/repo", "base", "main"),
        ("git@github.com:org/repo.git//base?ref=main", "git@github.com:org/repo.git", "base", "main"),
        ("ssh://git@git.corp:2222/org/repo.git//base", "ssh://git@git.corp:2222/org/repo.git", "base", ""),
        ("git::https://git.corp/org/repo//base", "https://git.corp/org/repo", "base", ""),
        (f"https://git.corp/org/repo//base?timeout=90s&ref={SHA}", "https://git.corp/org/repo", "base", SHA),
        ("https://git.corp/org/repo//base?version=v1", "https://git.corp/org/repo", "base", "v1"),
        (
            "https://dev.azure.com/org/project/_git/repo/deploy/base?ref=main",
            "https://dev.azure.com/org/project/_git/repo",
            "deploy/base",
            "main",
        ),
    ],
)
def test_a_text_names_a_repository_a_folder_and_a_revision(text: str, url: str, folder: str, revision: str) -> None:
    assert parse_remote_base(text) == RemoteBase(url, folder, revision)
    assert canonical_url(url) == url


@pytest.mark.parametrize(
    "text", ["", "../base", "https://git.corp", "https://git.corp/only-one", "https://git.corp/org/repo//../../x"]
)
def test_a_text_that_names_none_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        parse_remote_base(text)
