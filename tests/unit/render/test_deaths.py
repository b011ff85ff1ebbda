"""What killed a child, told from what is left of it."""

from __future__ import annotations

import pytest

from reconciler.render.deaths import classify, reason
from reconciler.render.protocol import DeathKind


@pytest.mark.parametrize(
    ("returncode", "words", "kind"),
    [
        (2, "fatal error: runtime: out of memory\n", "memory"),
        (2, "runtime: cannot allocate memory\nfatal error: x", "memory"),
        (2, "runtime: goroutine stack exceeds 67108864-byte limit\nfatal error: stack overflow", "stack"),
        (2, "renderer: SIGXCPU, the request's CPU time is used up", "cpu"),
        (-9, "", "killed"),
        (-15, "", "killed"),
        (-11, "SIGSEGV: segmentation violation", "crash"),
        (2, "panic: something", "crash"),
    ],
)
def test_a_death_is_told_by_status_and_last_words(returncode: int, words: str, kind: DeathKind) -> None:
    assert classify(returncode, words) == kind


def test_the_reason_names_the_status_and_the_runtimes_own_word() -> None:
    assert reason("stack", 2, "runtime: goroutine stack exceeds\nfatal error: stack overflow") == (
        "the renderer recursed deeper than it may (exit status 2: runtime: goroutine stack exceeds)"
    )
    assert reason("killed", -9, "").endswith("for want of memory (signal SIGKILL)")


def test_a_panic_that_may_quote_content_is_not_repeated() -> None:
    assert "hunter2" not in reason("crash", 2, "panic: cannot parse hunter2\ngoroutine 1: hunter2")
