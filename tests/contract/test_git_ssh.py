"""Git over SSH against a real SSH server: keys that open, keys that do not, and hosts that nobody vouched for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import CommitId
from reconciler.models.secrets import RepositorySecret
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.repositories import Repository
from reconciler.sources import Access, GitSources, access_for
from reconciler.sources.gitsource import GitLimits
from reconciler.sources.paths import Found, Walker
from reconciler.sources.transport import Timeouts

SHORT = GitLimits(timeouts=Timeouts(connect_s=2.0, read_s=2.0, refs_s=2.0, fetch_s=4.0))


class SshServer:
    """Serves `git-upload-pack` of one folder on 127.0.0.1 to the holder of one key."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"ssh://git@127.0.0.1:{self.port}{self.folder}/fleet.git"

    @property
    def known_hosts(self) -> str:
        public = self.host_key.export_public_key().decode().strip()
        return f"[127.0.0.1]:{self.port} {public}\n"

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _listen(self) -> None:
        allowed = asyncssh.import_authorized_keys(self.user_key.export_public_key().decode())
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_host_keys=[self.host_key],
            authorized_client_keys=allowed,
            process_factory=self._serve,
            encoding=None,
        )

    async def _close(self) -> None:
        self._acceptor.close()
        await self._acceptor.wait_closed()

    async def _serve(self, process: Any) -> None:
        program, _, folder = process.command.partition(" ")
        assert program == "git-upload-pack"
        backend = await asyncio.create_subprocess_exec(
            "git",
            "upload-pack",
            folder.strip("'"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert backend.stdin
        assert backend.stdout
        await asyncio.gather(_copy(process.stdin, backend.stdin), _copy(backend.stdout, process.stdout))
        process.exit(await backend.wait())


async def _copy(source: Any, target: Any) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
        target.write_eof()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    started = SshServer(tmp_path)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def commit(server: SshServer) -> CommitId:
    repository = Repository.create(server.folder / "fleet.git")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "false")
    return CommitId(repository.commit({"app/a.yaml": "a: 1\n"}, "Start"))


def access(server: SshServer, key: Any) -> Access:
    secret = {"url": server.url, "secret_name": "s", "sshPrivateKey": key.export_private_key("pkcs8-pem").decode()}
    return access_for(server.url, [RepositorySecret.model_validate(secret)], "default")


def test_a_key_opens_a_repository_on_a_known_host(server: SshServer, commit: CommitId, tmp_path: Path) -> None:
    sources = GitSources(tmp_path / "data", None, SHORT, known_hosts=server.known_hosts)
    entered = access(server, server.user_key)
    assert sources.resolve(entered, "main").commit == commit
    reader = sources.reader(entered, commit)
    found = Walker(reader).find("app/a.yaml")
    assert isinstance(found, Found)
    assert reader.blob(found.entry, found.parent, 100) == b"a: 1\n"


def test_a_host_that_nobody_vouched_for_is_refused(server: SshServer, commit: CommitId, tmp_path: Path) -> None:
    entered = access(server, server.user_key)
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    for known in ("", f"[127.0.0.1]:{server.port} {other}"):
        sources = GitSources(tmp_path / "data", None, SHORT, known_hosts=known)
        with pytest.raises(SourceError, match="argocd-ssh-known-hosts-cm"):
            sources.resolve(entered, "main")


def test_a_wrong_key_and_no_key_are_refused(server: SshServer, commit: CommitId, tmp_path: Path) -> None:
    sources = GitSources(tmp_path / "data", None, SHORT, known_hosts=server.known_hosts)
    wrong = access(server, asyncssh.generate_private_key("ssh-ed25519"))
    for entered in (wrong, access_for(server.url, [], "default")):
        with pytest.raises(SourceError, match="credentials"):
            sources.resolve(entered, "main")


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    sources = GitSources(tmp_path / "data", None, SHORT)
    with pytest.raises(SourceUnavailable):
        sources.resolve(access_for(f"ssh://git@127.0.0.1:{free_port()}/a/b.git", [], "default"), "main")
