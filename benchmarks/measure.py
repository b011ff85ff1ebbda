"""CPU and memory of processes with all their descendants, from /proc; and how busy the machine is."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
PARENT, TIMES = 1, slice(11, 15)
"""Positions in /proc/PID/stat, counted behind the command in brackets: utime, stime, cutime, cstime are the times."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What some processes and their descendants have taken since they were started."""

    cpu_s: float
    peak_mb: float
    """Sum of every process' own peak of resident memory; what processes share is counted for each."""

    @classmethod
    def of(cls, pids: Iterable[int]) -> Usage:
        """Of those that run now. Children that have ended count with their parent once it has waited for them."""
        living = list(_family(set(pids)))
        return cls(sum(_cpu_s(pid) for pid in living), sum(_peak_mb(pid) for pid in living))


def load() -> float:
    """Processes that want a CPU, averaged over a minute."""
    return os.getloadavg()[0]


def _family(pids: set[int]) -> Iterator[int]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (words := _stat(int(folder.name))):
            children[int(words[PARENT])].append(int(folder.name))
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += [child for child in children[pid] if child not in pids]


def _cpu_s(pid: int) -> float:
    words = _stat(pid)
    return sum(map(int, words[TIMES])) / TICKS_PER_S if words else 0.0


def _stat(pid: int) -> list[str]:
    """The words behind the command; none when the process is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _peak_mb(pid: int) -> float:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
