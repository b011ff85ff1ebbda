"""What a check found: fine, doubtful or broken, and how to mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from reconciler.models.manifest import JsonObject

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. `mend` is empty where all is well."""

    level: Level
    subject: str
    said: str
    mend: str = ""

    def to_json(self) -> JsonObject:
        return asdict(self)


def ok(subject: str, said: str) -> Finding:
    return Finding("ok", subject, said)


def warn(subject: str, said: str, mend: str) -> Finding:
    return Finding("warn", subject, said, mend)


def fail(subject: str, said: str, mend: str) -> Finding:
    return Finding("fail", subject, said, mend)
