"""Bare Git repositories in a folder, written and read with the `git` program."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

NO_COMMIT = "0" * 40
TIMEOUT_S = 60

# Nobody's own Git configuration may change what happens here; git must not ask anybody anything.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Sandbox",
    "GIT_AUTHOR_EMAIL": "sandbox@example.com",
    "GIT_COMMITTER_NAME": "Sandbox",
    "GIT_COMMITTER_EMAIL": "sandbox@example.com",
}

CONFIGURATION = {
    "http.receivepack": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "gc.auto": "0",
    "receive.autogc": "false",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit did to paths."""

    commit: str
    message: str
    added: tuple[str, ...]
    modified: tuple[str, ...]
    removed: tuple[str, ...]


class Repository:
    """One bare repository. Every call raises subprocess.CalledProcessError when git refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, *, branch: str = "main") -> "Repository":
        run_git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(path), cwd=path.parent)
        repository = cls(path)
        for name, value in CONFIGURATION.items():
            repository.git("config", name, value)
        return repository

    def git(self, *args: str, stdin: bytes = b"") -> str:
        """What `git ARGS` printed."""
        return run_git(*args, cwd=self.path, stdin=stdin)

    def commit(self, changes: Mapping[str, str | bytes | None], message: str, *, branch: str = "main") -> str:
        """Commit changed paths on top of `branch` (None removes one) and return the new commit; one git process."""
        ref = f"refs/heads/{branch}"
        parent = self.refs().get(ref)
        stream = _stream(ref, parent, message, changes)
        return self.git("fast-import", "--quiet", "--force", "--date-format=now", stdin=stream).strip()

    def refs(self) -> Mapping[str, str]:
        """Commit by full ref name."""
        rows = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(row.split() for row in rows)

    def changes(self, before: str, after: str, *, limit: int = 20) -> list[Change]:
        """The commits from `before` to `after`, oldest first; of a new branch the newest one only."""
        span = ["-1", after] if before == NO_COMMIT else [f"-{limit}", f"{before}..{after}"]
        shown = self.git("log", "--reverse", "--no-renames", "--name-status", "-z", "--format=%x01%H%x02%s%x02", *span)
        return [_change(part) for part in shown.split("\x01")[1:]]

    def default_branch(self) -> str:
        return self.git("symbolic-ref", "--short", "HEAD").strip()


def run_git(*args: str, cwd: Path, stdin: bytes = b"") -> str:
    """What `git ARGS` printed. Raises subprocess.CalledProcessError, subprocess.TimeoutExpired."""
    done = subprocess.run(
        ["git", *args], cwd=cwd, env=ENVIRONMENT, input=stdin, capture_output=True, check=True, timeout=TIMEOUT_S
    )
    return done.stdout.decode()


def folder_files(folder: Path) -> Mapping[str, bytes]:
    """Content by relative path of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _stream(ref: str, parent: str | None, message: str, changes: Mapping[str, str | bytes | None]) -> bytes:
    lines = [f"commit {ref}\nmark :1\ncommitter Sandbox <sandbox@example.com> now\n".encode(), _data(message.encode())]
    if parent:
        lines.append(f"from {parent}\n".encode())
    lines.extend(_file_changes(changes))
    return b"".join([*lines, b"\nget-mark :1\n"])


def _file_changes(changes: Mapping[str, str | bytes | None]) -> Iterable[bytes]:
    for path, content in changes.items():
        if content is None:
            yield f"D {path}\n".encode()
        else:
            yield f"M 100644 inline {path}\n".encode()
            yield _data(content.encode() if isinstance(content, str) else content)


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def _change(part: str) -> Change:
    commit, message, files = part.split("\x02")
    words = [word.strip("\n") for word in files.split("\0") if word.strip("\n")]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    added = tuple(path for status, path in pairs if status == "A")
    removed = tuple(path for status, path in pairs if status == "D")
    modified = tuple(path for status, path in pairs if status not in "AD")
    return Change(commit, message, added, modified, removed)
