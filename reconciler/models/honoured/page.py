"""docs/objects.md, made from the table: `python -m reconciler.models.honoured.page [--check] [file]`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from reconciler.models.honoured.row import Row
from reconciler.models.honoured.table import TABLE

PREFACE = """\
# What is honoured of Argo CD's objects

Made from `reconciler/models/honoured` by `python -m reconciler.models.honoured.page`; do not edit.

- **honoured**: the named test fails when it is ignored.
- **not honoured**: an Application that uses it is compared at most, never written, and a condition names it. The same
  holds for every field, sync option and `argocd.argoproj.io/` annotation that is not listed here.
- **without effect**: ignoring it cannot change what is written or deleted; the reason stands beside it.

A name ending in `*` stands for every ending, and a field for all fields below it. Fields of `spec.source` are the same
in `operation.sync.source`. Unknown fields are kept in every object that is written back.
"""


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([PREFACE, _summary(TABLE), *_sections(TABLE)])


def _summary(rows: Iterable[Row]) -> str:
    rows = tuple(rows)
    counts = {
        state: sum(row.state == state for row in rows) for state in ("honoured", "not honoured", "without effect")
    }
    return f"{len(rows)} rows: " + ", ".join(f"{count} {state}" for state, count in counts.items()) + ".\n"


def _sections(rows: Iterable[Row]) -> Iterator[str]:
    for place, members in groupby(rows, attrgetter("place")):
        yield f"## {place}\n\n| name | | test or reason |\n| --- | --- | --- |"
        yield "\n".join(map(_line, members)) + "\n"


def _line(row: Row) -> str:
    test = f"`{row.test}`" if row.test else ""
    words = "; ".join(filter(None, (row.idle, row.note, test)))
    return f"| `{row.name}` | {row.state} | {words} |"


def main(arguments: list[str]) -> int:
    """Writes the page, or with `--check` says whether it differs and returns 1."""
    path = Path(next((text for text in arguments if not text.startswith("-")), "docs/objects.md"))
    if "--check" not in arguments:
        path.write_text(page(), encoding="utf-8")
    elif not path.is_file() or path.read_text(encoding="utf-8") != page():
        print(f"{path} is not what the table says: run python -m reconciler.models.honoured.page", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
