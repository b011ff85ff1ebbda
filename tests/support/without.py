# ruff: noqa: B010 - what is replaced here is not meant to be, which mypy would say of an assignment
"""The system with one guard removed: what is left must not pass for the whole. Never imported by anything else.

`python -m tests.support.without GUARD ROLE` runs a process so; `pytest -p tests.support.without` runs tests so, with
the guard named in WITHOUT_GUARD.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from reconciler.apply import writer
from reconciler.clusters.transport import Body
from reconciler.models.manifest import LiveObject
from reconciler.plan import cascade, compare, proof
from reconciler.store import client, lease, sealing
from workers import __main__ as door

VARIABLE = "WITHOUT_GUARD"


def _nothing(*_: Any) -> Any:
    """No objection."""


def _without_lease_check() -> None:
    setattr(lease.Held, "still_mine", _nothing)
    setattr(lease.Held, "remaining_s", lambda _: math.inf)


def _without_preconditions() -> None:
    def delete(self: writer.Writer, live: LiveObject, propagation: str) -> bool:
        self._send("DELETE", self._path(live.key, live.version), Body(b"{}"))
        return True

    setattr(writer.Writer, "delete", delete)


def _without_mark_proof() -> None:
    setattr(compare, "marks_itself", lambda *_, **__: True)
    setattr(proof, "_ownership", _nothing)


def _without_completeness() -> None:
    setattr(cascade, "_obstacle", _nothing)


def _without_mac() -> None:
    setattr(sealing.Keyring, "is_mac", lambda *_: True)


def _script(name: str, guard: str, instead: str) -> Callable[[], None]:
    """Removes a line's worth of a Lua script."""

    def remove() -> None:
        whole = client.source

        def source(asked: str) -> str:
            text = whole(asked)
            if asked == name and guard not in text:
                raise LookupError(f"{name}.lua does not hold {guard!r}")
            return text.replace(guard, instead) if name in (asked, "prelude") else text

        setattr(client, "source", source)

    return remove


GUARDS: Mapping[str, Callable[[], None]] = {
    "": lambda: None,
    "the lease is checked before every write": _without_lease_check,
    "a deletion carries uid and resourceVersion of what was read": _without_preconditions,
    "a deletion needs a tracking mark that names the object itself": _without_mark_proof,
    "a kind that could not be read stops a deletion": _without_completeness,
    "one holder at a time": _script("acquire", "if holder_lives(entry) then\n    return", "if false then\n    return"),
    "a message carries a MAC": _without_mac,
    "a lease belongs to one epoch": _script("acquire", "epoch ~= ARGV[8] or ", ""),
    "a ref moves only from what was known of it": _script("advance", "  return 0", "  return 1"),
    "heads of an older copy count as unknown": _script(
        "prelude", "~= born() then\n    redis.call('DEL', hash)", "== '' then"
    ),
}


def pytest_configure(config: pytest.Config) -> None:
    """Removes the guard before any test is imported."""
    GUARDS[os.environ[VARIABLE]]()


if __name__ == "__main__":
    GUARDS[sys.argv[1]]()
    sys.exit(door.main(sys.argv[2:]))
