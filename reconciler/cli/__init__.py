"""The command line: Applications, clusters and repositories over the caller's kubeconfig, and one command per process.

May import everything below the doors. Never writes to a destination cluster, never needs our API, and needs Redis only
to look at it in `doctor`.
"""

from reconciler.cli.main import main

__all__ = ["main"]
