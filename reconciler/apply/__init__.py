"""Writing: the only package that changes destination clusters, and our own objects on the control cluster.

May import `clusters` and everything below it that is not `render` or `sources`.
Never decides: it does the steps of a plan, in order, with the preconditions that tie each to what was read.
"""

from __future__ import annotations

from reconciler.apply.executor import Outcome, run
from reconciler.apply.recorder import Recorder
from reconciler.apply.writer import Writer

__all__ = ["Outcome", "Recorder", "Writer", "run"]
