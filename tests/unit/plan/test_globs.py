from __future__ import annotations

import pytest

from reconciler.plan.globs import glob, wildcard


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "", True),
        ("*", "a/b", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("{a,b}", "a", False),
        ("{a,b}", "{a,b}", True),
        ("**", "a/b", False),
        ("[a", "[a", False),
        ("a\\", "a\\", False),
        ("a.c", "abc", False),
    ],
)
def test_a_wildcard_matches_as_file_names_do(pattern: str, text: str, matches: bool) -> None:
    assert bool(wildcard(pattern).fullmatch(text)) is matches


@pytest.mark.parametrize(
    ("pattern", "text", "separators", "matches"),
    [
        ("*", "a/b", "", True),
        ("*", "a/b", "/", False),
        ("**", "a/b", "/", True),
        ("https://*.example/**", "https://git.example/a/b", "/", True),
        ("{a,b}*", "bx", "", True),
        ("{a,b}*", "cx", "", False),
        ("{a,{b,c}}", "c", "", True),
        ("[!a]", "b", "", True),
        ("[!a]", "a", "", False),
        ("{a", "{a", "", False),
        ("a,b", "a,b", "", True),
        ("a}", "a}", "", True),
        ("line*", "line\nbreak", "", True),
    ],
)
def test_a_glob_knows_alternatives_and_separators(pattern: str, text: str, separators: str, matches: bool) -> None:
    assert bool(glob(pattern, separators).fullmatch(text)) is matches
