"""A few calls side by side, for work that waits for a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

WIDTH = 4
"""Threads per caller: a pass shares its worker and the cluster's connections with other passes."""


def side_by_side(function: Callable[[Item], Answer], items: Sequence[Item], *, width: int = WIDTH) -> list[Answer]:
    """`function` of each item, in their order. The first exception is raised after every call has ended."""
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(max_workers=min(width, len(items))) as threads:
        return list(threads.map(function, items))
