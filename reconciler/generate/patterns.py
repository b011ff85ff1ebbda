"""The patterns of the git generator: Go's `path.Match` for folders, Git's own for files, or doublestar's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from reconciler.generate.faults import GeneratorFault

Dialect = Mapping[str, str]

FOLDERS: Final[Dialect] = {"**/": "[^/]*/", "**": "[^/]*", "*": "[^/]*", "?": "[^/]"}
"""Go's path.Match."""

PATHSPEC: Final[Dialect] = {"**/": ".*/", "**": ".*", "*": ".*", "?": "."}
"""Git's wildmatch as `git ls-files -- PATTERN` uses it: a star crosses folders."""

DOUBLESTAR: Final[Dialect] = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", ",": "|", "}": ")"}

_WORD = re.compile(r"\*\*+/|\*+|\[[!^]?\]?(?:\\.|[^\]\\])*\]|\\.|.", re.DOTALL)
_CLASS = re.compile(r"\[(?P<negated>[!^])?(?P<members>.+)\]", re.DOTALL)
_SPECIAL = re.compile(r"[*?\[\\]")


@lru_cache(maxsize=4096)
def of_folders(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stop at `/`. Raises GeneratorFault for a pattern that does not parse."""
    return _compiled(pattern, FOLDERS)


@lru_cache(maxsize=4096)
def of_files(pattern: str, *, doublestar: bool = False) -> re.Pattern[str]:
    """Argo CD: `git ls-files -- PATTERN`, where a plain path stands for all below it; with `doublestar`
    (`applicationsetcontroller.enable.new.git.file.globbing`) only `**` crosses folders.
    """
    if doublestar:
        return _compiled(pattern, DOUBLESTAR)
    if not _SPECIAL.search(pattern):
        folder = pattern.strip("/")
        return re.compile(re.escape(folder) + r"(?:/.*)?" if folder not in ("", ".") else ".*", re.DOTALL)
    return _compiled(pattern, PATHSPEC)


def _compiled(pattern: str, dialect: Dialect) -> re.Pattern[str]:
    parts, depth = [], 0
    for found in _WORD.finditer(pattern):
        word = found.group()
        if word in "{,}" and (word != "{" and not depth):
            parts.append(re.escape(word))
            continue
        depth += {"{": 1, "}": -1}.get(word, 0) if "{" in dialect else 0
        parts.append(_expression(pattern, word, dialect))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:
        raise GeneratorFault(f"pattern {pattern!r} does not parse") from None


def _expression(pattern: str, word: str, dialect: Dialect) -> str:
    if word.startswith("**"):
        return dialect["**/" if word.endswith("/") else "**"]
    if word in dialect:
        return dialect[word]
    if word.startswith("["):
        found = _CLASS.fullmatch(word)
        if found is None:
            raise GeneratorFault(f"pattern {pattern!r}: a bracket stands open")
        return f"[{'^' if found['negated'] else ''}{found['members'].replace('[', chr(92) + '[')}]"
    return re.escape(word[1:] if word.startswith("\\") and len(word) > 1 else word)
