"""What killed a renderer child, told from its exit status and its last words."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from reconciler.render.protocol import DeathKind

DYING_S = 2.0
"""How long a child that closed its pipes may take to exit, so that its own exit status is seen."""


@dataclass(frozen=True, slots=True)
class Obituary:
    """How a child ended: a word for code, a line for people."""

    kind: DeathKind
    reason: str


WORDS: tuple[tuple[str, DeathKind], ...] = (
    ("out of memory", "memory"),
    ("cannot allocate memory", "memory"),
    ("failed to create new OS thread", "memory"),
    ("stack exceeds", "stack"),
    ("stack overflow", "stack"),
    ("SIGXCPU", "cpu"),
)
"""What the Go runtime says when it gives up, and what that means."""

SPOKEN = ("fatal error:", "runtime:", "renderer:", "SIG")
"""Lines that begin so are the runtime's or our own; any other (a panic's) could quote content and is not repeated."""

MEANINGS: dict[DeathKind, str] = {
    "deadline": "ran past its deadline and was killed",
    "memory": "used more memory than it may",
    "cpu": "used more CPU time than it may",
    "stack": "recursed deeper than it may",
    "killed": "was killed from outside, for example by the kernel for want of memory",
    "crash": "crashed",
    "protocol": "broke the protocol",
}


def obituary(process: subprocess.Popen[bytes], last_words: Callable[[], str], kind: DeathKind | None) -> Obituary:
    """Ends the process if it still runs and tells its death; `kind` None leaves the kind to its last words."""
    if kind is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(DYING_S)
    process.kill()
    returncode, words = process.wait(), last_words()
    kind = kind or classify(returncode, words)
    return Obituary(kind, reason(kind, returncode, words))


def classify(returncode: int, last_words: str) -> DeathKind:
    """The kind of a death that we did not cause."""
    for words, kind in WORDS:
        if words in last_words:
            return kind
    return "killed" if returncode in (-signal.SIGKILL, -signal.SIGTERM) else "crash"


def reason(kind: DeathKind, returncode: int, last_words: str) -> str:
    """One line for people: what happened, the exit status and the runtime's own word where it had one."""
    status = f"signal {signal.Signals(-returncode).name}" if returncode < 0 else f"exit status {returncode}"
    spoken = next((line for line in last_words.splitlines() if line.startswith(SPOKEN)), "")
    return f"the renderer {MEANINGS[kind]} ({status}{': ' + spoken[:200] if spoken else ''})"
