"""A Git server over smart HTTP on 127.0.0.1 that takes pushes and sends GitHub's push event after each."""

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import urllib3

from reconciler.sandbox.githttp import GitFaults, GitHandler
from reconciler.sandbox.listener import Listener
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.pushhook import Hook, Push, deliver
from reconciler.sandbox.repositories import NO_COMMIT, Repository

log = logging.getLogger(__name__)


class GitServer:
    """Bare repositories in a folder, served at `<url>/<name>.git`. Port and content outlive `stop` and `start`."""

    def __init__(self, folder: Path, *, credentials: tuple[str, str] | None = None, hook: Hook | None = None) -> None:
        """`credentials` is the one (user, password) that may read and push; None lets everybody."""
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.credentials = credentials
        self.hook = hook
        self.faults = GitFaults()
        self.requests: Counter[str] = Counter()
        """Requests by service: info/refs, ls-refs, upload-pack, receive-pack."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._listener: _Listener | None = None
        self._pushing: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def start(self) -> None:
        self._listener = _Listener(self)
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), name="git-server", daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        if self._listener:
            self._listener.close_all()
            self._listener = None

    def create(self, name: str, files: Mapping[str, str | bytes | None] | None = None, *, branch: str = "main") -> str:
        """Make a repository, with a first commit if there are files, and return its URL."""
        repository = Repository.create(self.folder / f"{name}.git", branch=branch)
        if files:
            repository.commit(files, "Start", branch=branch)
        return self.repo_url(name)

    def repo_url(self, name: str) -> str:
        return f"{self.url}/{name}.git"

    def repository(self, name: str) -> Repository:
        return Repository(self.folder / f"{name}.git")

    def commit(
        self, name: str, changes: Mapping[str, str | bytes | None], message: str = "Change", *, branch: str = "main"
    ) -> str:
        """What a push does, without a client: commit, send the event, return the new commit."""
        made: list[str] = []
        repository = self.repository(name)
        self.during_push(f"/{name}.git", lambda: made.append(repository.commit(changes, message, branch=branch)))
        return made[0]

    def during_push(self, path: str, push: Callable[[], None]) -> None:
        """Run `push` on the repository that `path` lies in, alone, and send an event for each ref that it moved."""
        name = path.strip("/").split(".git", 1)[0]
        repository = self.repository(name)
        with self._pushing[name]:
            before = repository.refs()
            push()
            after = repository.refs()
        for ref in sorted(before.keys() | after.keys()):
            old, new = before.get(ref, NO_COMMIT), after.get(ref, NO_COMMIT)
            if self.hook and old != new:
                args = (self.hook, name, ref, old, new)
                threading.Thread(target=self._notify, args=args, name="push-hook", daemon=True).start()

    def _notify(self, hook: Hook, name: str, ref: str, before: str, after: str) -> None:
        repository = self.repository(name)
        changes = [] if after == NO_COMMIT else repository.changes(before, after)
        push = Push(
            repo_url=self.repo_url(name),
            default_branch=repository.default_branch(),
            ref=ref,
            before=before,
            after=after,
            changes=changes,
        )
        try:
            status = deliver(hook, push)
        except urllib3.exceptions.HTTPError as error:
            log.warning("push event of %s to %s failed: %s", name, hook.url, error)
        else:
            log.log(logging.INFO if status < 400 else logging.WARNING, "push event of %s: %s", name, status)


class _Listener(Listener):
    def __init__(self, git: GitServer) -> None:
        self.git = git
        super().__init__(git.port, GitHandler)

    def handle_error(self, *_: object) -> None:
        log.debug("a Git request failed", exc_info=True)


def start_git_server(
    folder: Path, *, credentials: tuple[str, str] | None = None, hook: Hook | None = None
) -> GitServer:
    """Serve the repositories in `folder` (created, 0700) until `stop`."""
    server = GitServer(folder, credentials=credentials, hook=hook)
    server.start()
    return server
