"""The two dialects of patterns in an AppProject, as regular expressions compiled once.

Argo CD: kinds and groups follow Go's `filepath.Match`; repositories and destinations follow gobwas/glob. A pattern that
does not parse matches nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

_NOTHING = re.compile(r"(?!)")
_CLASS = re.compile(r"\[(?P<negated>[!^])?(?P<members>(?:\\.|[^\]\\])+)\]")


@lru_cache(maxsize=4096)
def wildcard(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stop at `/`, `[a-z]` and `[^a]` are classes, a backslash takes the next character literally."""
    return _compiled(pattern, separators="/", alternatives=False)


@lru_cache(maxsize=4096)
def glob(pattern: str, separators: str = "") -> re.Pattern[str]:
    """As `wildcard` with `{a,b}`, `[!a]`, and a `**` that also crosses the separators."""
    return _compiled(pattern, separators=separators, alternatives=True)


def _compiled(pattern: str, *, separators: str, alternatives: bool) -> re.Pattern[str]:
    try:
        return re.compile(_translated(pattern, separators, alternatives=alternatives), re.DOTALL)
    except (re.error, ValueError):
        return _NOTHING


def _translated(pattern: str, separators: str, *, alternatives: bool) -> str:
    """The regular expression of a pattern. Raises ValueError when a bracket, brace or backslash stands open."""
    within = f"[^{re.escape(separators)}]" if separators else "."
    parts: list[str] = []
    position, depth = 0, 0
    while position < len(pattern):
        text, position, change = _token(pattern, position, within, depth if alternatives else -1)
        depth += change
        parts.append(text)
    if depth:
        raise ValueError("a brace stands open")
    return "".join(parts)


def _token(pattern: str, position: int, within: str, depth: int) -> tuple[str, int, int]:
    """One token: its expression, where the next one starts, the change of depth. Depth -1 means no braces."""
    character = pattern[position]
    if character == "*":
        return _stars(pattern, position, within, doubled=depth >= 0)
    if character == "[":
        return _class(pattern, position)
    if character == "\\":
        if position + 1 == len(pattern):
            raise ValueError("a backslash stands last")
        return re.escape(pattern[position + 1]), position + 2, 0
    if depth >= 0 and character in "{}," and (depth or character == "{"):
        return {"{": ("(?:", position + 1, 1), "}": (")", position + 1, -1), ",": ("|", position + 1, 0)}[character]
    return (within if character == "?" else re.escape(character)), position + 1, 0


def _stars(pattern: str, position: int, within: str, *, doubled: bool) -> tuple[str, int, int]:
    if doubled and pattern.startswith("**", position):
        return ".*", position + 2, 0
    return f"{within}*", position + 1, 0


def _class(pattern: str, position: int) -> tuple[str, int, int]:
    found = _CLASS.match(pattern, position)
    if not found:
        raise ValueError("a bracket stands open")
    members = found["members"].replace("[", "\\[")
    return f"[{'^' if found['negated'] else ''}{members}]", found.end(), 0
