"""Health of one object, from the object alone: one file a kind, one table (Argo CD: built-in health checks).

May import models only. Never reads anything but the object that it is given; None means that its kind has no health.
"""

from __future__ import annotations

from reconciler.plan.health.assess import assess, is_going
from reconciler.plan.health.worst import worst

SCRIPTED = "Scripted:"
"""How an observer's word on an object begins whose health is a script: only a pass may run one."""

__all__ = ["SCRIPTED", "assess", "is_going", "worst"]
