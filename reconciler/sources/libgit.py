"""Git over SSH, and over HTTP servers of the old protocol, by libgit2.

libgit2 bounds each wait (`connect_s`, `read_s`), and its callbacks end a transfer that exceeds the whole time; host
keys are compared with the
installation's `ssh_known_hosts`, and an unknown host is refused.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel, CredentialType

from reconciler.errors import ReconcilerError, SourceError, SourceUnavailable
from reconciler.models.keys import CommitId
from reconciler.sources.credentials import Access
from reconciler.sources.transport import Timeouts
from reconciler.sources.wire import RefLine

_settings_lock = threading.Lock()
_DENIED = re.compile(r"auth|credential|denied|401|403", re.IGNORECASE)


def configure(home: Path, timeouts: Timeouts, known_hosts: str) -> None:
    """Sets what libgit2 keeps once per process: its time limits and the home folder whose `.ssh/known_hosts` it
    believes.
    """
    with _settings_lock:
        folder = home / ".ssh"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "known_hosts").write_text(known_hosts)
        pygit2.settings.homedir = str(home)
        # Nobody's own Git configuration may change what happens here, and the data folder may belong to another user.
        for level in (ConfigLevel.SYSTEM, ConfigLevel.GLOBAL, ConfigLevel.XDG):
            pygit2.settings.search_path[level] = ""
        pygit2.settings.owner_validation = False
        pygit2.settings.server_connect_timeout = int(timeouts.connect_s * 1000)
        pygit2.settings.server_timeout = int(timeouts.read_s * 1000)


class Callbacks(pygit2.RemoteCallbacks):
    """Credentials once, strict certificates, and an end when the time is up or the pack grows past its limit."""

    def __init__(self, access: Access, deadline_s: float, limit_bytes: int) -> None:
        super().__init__()
        self._access = access
        self._deadline_s = deadline_s
        self._end = time.monotonic() + deadline_s
        self._limit_bytes = limit_bytes
        self._asked = 0

    def credentials(
        self, url: str, username_from_url: str | None, allowed_types: CredentialType
    ) -> pygit2.Username | pygit2.UserPass | pygit2.Keypair:
        """What opens the repository. libgit2 asks again after a refusal, so the second question is the refusal."""
        del url
        self._asked += 1
        user = username_from_url or self._access.username or "git"
        if allowed_types == CredentialType.USERNAME:
            return pygit2.Username(user)
        if self._asked > 2:
            raise SourceError(f"{self._access.url}: the credentials were refused; check the repository Secret")
        if allowed_types & CredentialType.SSH_KEY and self._access.ssh_key:
            return pygit2.KeypairFromMemory(user, "", self._access.ssh_key, self._access.password)
        if allowed_types & CredentialType.USERPASS_PLAINTEXT and self._access.password:
            return pygit2.UserPass(self._access.username or user, self._access.password)
        raise SourceError(f"{self._access.url}: the server asks for credentials; add a repository Secret for this URL")

    def custom_headers(self) -> list[str] | None:
        return [f"Authorization: Bearer {self._access.bearer}"] if self._access.bearer else None

    def certificate_check(self, certificate: None, valid: bool, host: bytes) -> bool:
        """libgit2 has compared the key with known_hosts, or the certificate with the system's authorities: its word
        counts.
        """
        del certificate
        if not valid and not self._access.insecure:
            name = host.decode("utf-8", "replace")
            raise SourceError(
                f"{self._access.url}: the key of host {name} is not known; add it to argocd-ssh-known-hosts-cm"
            )
        return True

    def sideband_progress(self, string: str) -> None:
        del string
        self._check_time()

    def transfer_progress(self, stats: pygit2.remotes.TransferProgress) -> None:
        self._check_time()
        if stats.received_bytes > self._limit_bytes:
            raise SourceError(f"{self._access.url}: the pack exceeds {self._limit_bytes} bytes; split the repository")

    def _check_time(self) -> None:
        if time.monotonic() > self._end:
            raise SourceUnavailable(f"{self._access.url}: the Git server took longer than {self._deadline_s:.0f} s")


def list_heads(access: Access, timeouts: Timeouts) -> Sequence[RefLine]:
    """All refs of a repository. Raises SourceUnavailable, SourceError."""
    callbacks = Callbacks(access, timeouts.refs_s, 0)
    try:
        heads = _anonymous(access).list_heads(callbacks=callbacks, proxy=access.proxy or None)
    except (pygit2.GitError, ValueError, KeyError) as error:
        raise translated(access, error) from error
    plain = {head.name: head for head in heads if head.name and not head.name.endswith("^{}")}
    peeled = {head.name.removesuffix("^{}"): str(head.oid) for head in heads if head.name and head.name.endswith("^{}")}
    return [
        RefLine(name, CommitId(str(head.oid)), CommitId(peeled[name]) if name in peeled else None, head.symref_target)
        for name, head in plain.items()
    ]


def fetch(repository: pygit2.Repository, access: Access, wants: Sequence[str], callbacks: Callbacks) -> None:
    """Brings commits into a repository, without history. Raises SourceUnavailable, SourceError.

    Servers of the old protocol give out what a ref stands on, few of them any commit: a ref is asked for where there
    is one.
    """
    remote = repository.remotes.create_anonymous(str(access.url))
    try:
        heads = remote.list_heads(callbacks=callbacks, proxy=access.proxy or None)
        names = {str(head.oid): head.name.removesuffix("^{}") for head in heads if head.name and head.name != "HEAD"}
        specs = [f"+{names.get(oid, oid)}:refs/held/{oid}" for oid in wants]
        remote.fetch(specs, callbacks=callbacks, depth=1, proxy=access.proxy or None)
    except ReconcilerError:
        raise
    except (pygit2.GitError, ValueError, KeyError) as error:
        raise translated(access, error) from error


def translated(access: Access, error: Exception) -> ReconcilerError:
    """Our error for one of libgit2; its text stays the cause, since it may quote the URL as given."""
    words = str(error)
    if isinstance(error, pygit2.AuthError) or _DENIED.search(words):
        return SourceError(
            f"{access.url}: the credentials were refused; check the repository Secret for this URL and project"
        )
    if isinstance(error, pygit2.CertificateError):
        return SourceError(f"{access.url}: the host's key or certificate is not trusted")
    return SourceUnavailable(f"{access.url}: the Git server cannot be reached or refused ({type(error).__name__})")


def _anonymous(access: Access) -> pygit2.Remote:
    repository = pygit2.Repository()
    return repository.remotes.create_anonymous(str(access.url))
