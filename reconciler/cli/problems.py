"""What a person is told when a command cannot do what was asked, and with which exit code it ends."""

from __future__ import annotations

from reconciler.errors import ReconcilerError

SUCCESS = 0
FAILED = 1
"""What was asked for failed, or (`app diff --exit-code`) something differs."""

TIMED_OUT = 2
"""`app sync`, `app wait`, `app delete --wait`: not reached in time. `app diff --exit-code`: it cannot be told."""

USAGE = 64
"""The command line itself is wrong; not 2, which means something here."""

INTERRUPTED = 130

EXIT_CODES = "Exit codes: 0 done, 1 failed (or different), 2 timed out, 64 wrong usage, 130 interrupted."


class Problem(ReconcilerError):
    """One sentence that says what is wrong and where, `mend` says how to mend it; `code` is the exit code."""

    def __init__(self, message: str, *, mend: str = "", code: int = FAILED) -> None:
        super().__init__(f"{message}; {mend}" if mend else message)
        self.code = code


def exit_code(error: ReconcilerError) -> int:
    """The exit code for an error that ends a command."""
    return error.code if isinstance(error, Problem) else FAILED
