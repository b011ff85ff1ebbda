"""`python -IS tie.py PARENT_PID PROGRAM ARG...`: become PROGRAM, which the kernel kills when its parent dies.

Run as a script of the standard library only, between fork and exec of somebody else's program: a `preexec_fn` would
run Python in the forked copy of a threaded process, where any lock may be held for ever.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int) -> None:
    """Ask for SIGKILL at the parent's death (Linux; elsewhere nothing), and exit if it has died already."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent_pid:
            sys.exit(f"tie: parent {parent_pid} is gone")


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
