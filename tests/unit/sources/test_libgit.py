"""What libgit2 may do with a repository's access: how often it asks, how long it takes, whom it believes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pygit2
import pytest
from pygit2.enums import CredentialType

from reconciler.errors import ReconcilerError, SourceError, SourceUnavailable
from reconciler.models.keys import RepoUrl
from reconciler.sources.credentials import Access
from reconciler.sources.libgit import Callbacks, translated

URL = RepoUrl("ssh://git@git.corp/a")
KEY = CredentialType.SSH_KEY
PASSWORD = CredentialType.USERPASS_PLAINTEXT


def callbacks(deadline_s: float = 60.0, limit_bytes: int = 1000, **access: object) -> Callbacks:
    return Callbacks(Access(URL, **access), deadline_s, limit_bytes)  # type: ignore[arg-type]


def progress(received_bytes: int) -> pygit2.remotes.TransferProgress:
    return cast("pygit2.remotes.TransferProgress", SimpleNamespace(received_bytes=received_bytes))


def test_a_key_is_offered_as_the_user_of_the_address() -> None:
    offered = callbacks(ssh_key="PEM").credentials(str(URL), "git", KEY)
    assert isinstance(offered, pygit2.KeypairFromMemory)


def test_a_password_is_offered_where_one_is_asked_for() -> None:
    offered = callbacks(username="u", password="p").credentials(str(URL), None, PASSWORD)
    assert isinstance(offered, pygit2.UserPass)


def test_credentials_that_were_refused_are_not_offered_for_ever() -> None:
    asked = callbacks(ssh_key="PEM")
    asked.credentials(str(URL), "git", KEY)
    asked.credentials(str(URL), "git", KEY)
    with pytest.raises(SourceError, match="refused"):
        asked.credentials(str(URL), "git", KEY)


def test_without_credentials_the_question_is_told() -> None:
    with pytest.raises(SourceError, match="add a repository Secret"):
        callbacks().credentials(str(URL), "git", KEY)


def test_an_unknown_host_is_refused_unless_the_secret_says_otherwise() -> None:
    with pytest.raises(SourceError, match=r"git\.corp is not known"):
        callbacks().certificate_check(None, False, b"git.corp")
    assert callbacks(insecure=True).certificate_check(None, False, b"git.corp")
    assert callbacks().certificate_check(None, True, b"git.corp")


def test_a_transfer_ends_at_its_time_and_at_its_size() -> None:
    callbacks().transfer_progress(progress(1000))
    with pytest.raises(SourceError, match="exceeds"):
        callbacks().transfer_progress(progress(1001))
    with pytest.raises(SourceUnavailable, match="longer than"):
        callbacks(deadline_s=-1.0).transfer_progress(progress(0))
    with pytest.raises(SourceUnavailable, match="longer than"):
        callbacks(deadline_s=-1.0).sideband_progress("Counting objects")


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (pygit2.AuthError("x"), SourceError),
        (pygit2.GitError("remote authentication required"), SourceError),
        (pygit2.CertificateError("x"), SourceError),
        (pygit2.GitError("failed to connect to user:hunter2@host"), SourceUnavailable),
    ],
)
def test_errors_are_told_without_what_libgit2_quotes(error: Exception, ours: type[ReconcilerError]) -> None:
    told = translated(Access(URL), error)
    assert type(told) is ours
    assert "hunter2" not in str(told)
