"""Decides: what was read goes in, a plan comes out; every rule here can be tried with two YAML files.

May import models and errors only. Never reads a clock, a file or a network, and never changes what it was given.
"""

from __future__ import annotations

from reconciler.plan.build import build_plan
from reconciler.plan.steps import Plan

__all__ = ["Plan", "build_plan"]
