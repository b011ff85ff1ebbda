"""When two plain values of a built-in kind mean the same: quantities are written in many ways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from reconciler.plan.diff import same_json

QUANTITY_MAPS: Final = frozenset({
    "allocatable",
    "capacity",
    "default",
    "defaultRequest",
    "hard",
    "limits",
    "max",
    "maxLimitRequestRatio",
    "min",
    "podFixed",
    "requests",
})  # fmt: skip
QUANTITY_FIELDS: Final = frozenset({
    "averageValue",
    "divisor",
    "sizeLimit",
    "targetAverageValue",
    "targetValue",
    "tolerance",
})  # fmt: skip

SUFFIXES: Final[Mapping[str, Decimal]] = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_QUANTITY: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkKMGTPE]?i?)")
MILLI: Final = Decimal("0.001")


def same_value(path: tuple[str, ...], desired: Any, live: Any) -> bool:
    """Whether a server would store `desired` at `path` (field names only) as `live`."""
    if same_json(desired, live):
        return True
    if not is_quantity(path):
        return False
    left, right = parse_quantity(desired), parse_quantity(live)
    return left is not None and left == right


def is_quantity(path: tuple[str, ...]) -> bool:
    parent, name = path[-2] if len(path) > 1 else "", path[-1]
    return parent in QUANTITY_MAPS or name in QUANTITY_FIELDS or (parent, name) == ("target", "value")


def parse_quantity(value: Any) -> Decimal | None:
    """A quantity in its base unit, rounded up to thousandths as an API server rounds; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value).strip())
    if match is None or match[2] not in SUFFIXES:
        return None
    return (Decimal(match[1]) * SUFFIXES[match[2]]).quantize(MILLI, rounding=ROUND_CEILING)
