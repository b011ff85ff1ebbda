"""Folders and files of a repository for the git generator: only what patterns may match is walked, and all is noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.errors import SourceError
from reconciler.generate.patterns import of_folders
from reconciler.render.readset import ReadLog, RecordedFiles, Sight

FILE_LIMIT_BYTES: Final = 1024 * 1024
MAX_NAMES: Final = 100_000
"""Names that one generator may walk past."""

SPECIAL: Final = frozenset("*?[\\{")


@dataclass(slots=True)
class GitLooks:
    """One repository at one commit. Raises SourceError, SourceUnavailable."""

    url: str
    sight: Sight
    log: ReadLog
    walked: int = 0

    def directories(self, patterns: Sequence[str]) -> Sequence[str]:
        """Argo CD: folders whose name begins with a dot are never seen, nor what lies in them."""
        split = [pattern.strip("/").split("/") for pattern in patterns]
        return [path for path, is_folder in self._below("", split) if is_folder]

    def files(self, patterns: Sequence[str]) -> Sequence[str]:
        starts = sorted({literal_folder(pattern) for pattern in patterns})
        return sorted({path for start in starts for path, is_folder in self._all(start) if not is_folder})

    def read(self, path: str) -> str:
        try:
            return self._files.read(path).decode()
        except UnicodeDecodeError:
            raise SourceError(f"{path} in {self.url} is not UTF-8 text") from None

    @property
    def _files(self) -> RecordedFiles:
        return RecordedFiles(self.sight, self.log, file_limit_bytes=FILE_LIMIT_BYTES)

    def _below(self, folder: str, patterns: Sequence[Sequence[str]]) -> Iterator[tuple[str, bool]]:
        """Folders that whole patterns match; `patterns` are what is left of them below `folder`."""
        for name, is_folder in self._listed(folder):
            if not is_folder or name.startswith("."):
                continue
            path = f"{folder}/{name}" if folder else name
            left = [pattern[1:] for pattern in patterns if of_folders(pattern[0]).fullmatch(name)]
            if any(not rest for rest in left):
                yield path, True
            deeper = [rest for rest in left if rest]
            if deeper:
                yield from self._below(path, deeper)

    def _all(self, folder: str) -> Iterator[tuple[str, bool]]:
        pending = [folder]
        while pending:
            base = pending.pop()
            for name, is_folder in self._listed(base):
                path = f"{base}/{name}" if base else name
                if is_folder and name != ".git":
                    pending.append(path)
                yield path, is_folder

    def _listed(self, folder: str) -> Iterator[tuple[str, bool]]:
        if not self._is_folder(folder):
            return
        for entry in self._files.list(folder):
            self.walked += 1
            if self.walked > MAX_NAMES:
                raise SourceError(
                    f"the git generator walks more than {MAX_NAMES} names of {self.url}: narrow its paths"
                )
            if entry.type in ("dir", "file"):
                yield entry.name, entry.type == "dir"

    def _is_folder(self, folder: str) -> bool:
        """Noted even where there is nothing: the set wakes when it appears."""
        found = self.log.noted(self.sight.look("list", folder))
        return getattr(found, "entry", None) is not None and found.entry.type == "dir"  # type: ignore[union-attr]


def literal_folder(pattern: str) -> str:
    """The folder in which everything lies that a pattern of files can match."""
    parts = pattern.strip("/").split("/")
    plain = next((place for place, part in enumerate(parts) if SPECIAL & set(part)), len(parts) - 1)
    # A part with a star may match across folders, so that what stands before it is all that is certain.
    return "/".join(parts[:plain])
