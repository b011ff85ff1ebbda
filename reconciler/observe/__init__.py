"""Watching: our objects on the control cluster and managed kinds on destinations become summaries and requests.

May import `services` and everything below it that is not `apply` or `render`.
Never writes to a cluster and never decides what is to be done: it only says who has to look.
"""

from __future__ import annotations

from reconciler.observe.build import build_observer
from reconciler.observe.observer import Observer, Parts

__all__ = ["Observer", "Parts", "build_observer"]
