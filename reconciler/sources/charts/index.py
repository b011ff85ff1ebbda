"""`index.yaml` of a chart repository: which versions of a chart it offers, and where each lies.

An index may be 20 MB, and one chart of it is wanted. As Helm writes it, the lines of a chart can be told by their
indentation, so that only they are read; whatever is written in another way is read as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from reconciler.errors import SourceError
from reconciler.sources.charts.plainyaml import Plain, mapping, read_plain, sequence, text_of

MAX_INDEX_BYTES = 64 * 1024**2
_KEY = re.compile(rb"""^  (?:"([^"\\\n]+)"|'([^'\n]+)'|([A-Za-z0-9_.][^\s:#'"]*)):[ \t]*\r?$""", re.MULTILINE)
_ENTRIES = re.compile(rb"^entries:[ \t]*\r?$", re.MULTILINE)
_ODD = re.compile(
    rb"""^(?! {3}|  - |[ \t]*\r?$| *#|  (?:"[^"\\\n]+"|'[^'\n]+'|[A-Za-z0-9_.][^\s:#'"]*):[ \t]*\r?$).""", re.MULTILINE
)
"""A line that Helm does not write among the charts: neither a name, nor an item, nor further in."""

_BLANKS = re.compile(rb"\s*\n")
_TOP = re.compile(rb"^[^ \t\r\n#-]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Offer:
    """One version of a chart: `urls` as written, `digest` is the SHA-256 of its archive where the index tells."""

    version: str
    urls: tuple[str, ...]
    digest: str = ""


def offers(index: bytes, chart: str, where: str) -> tuple[Offer, ...]:
    """The versions of a chart in the order of the index; empty when it has none. `where` names the index in errors.

    Raises SourceError for what is no index.
    """
    what = f"the index of {where}"
    region = _region(index)
    own = _own_lines(index, chart.encode(), region) if region else None
    if own is not None:
        return tuple(_offers(mapping(read_plain(own, what)).get(chart)))
    whole = _whole(index, what)
    if "entries" not in whole:
        raise SourceError(f"{what} has no `entries`: is this the address of a chart repository?")
    return tuple(_offers(mapping(whole["entries"]).get(chart)))


def _whole(index: bytes, what: str) -> dict[str, Plain]:
    if index.lstrip().startswith(b"{"):
        try:
            return mapping(orjson.loads(index))
        except orjson.JSONDecodeError:
            pass  # braces are YAML as well
    return mapping(read_plain(index, what))


def _offers(rows: Plain | None) -> Iterator[Offer]:
    for row in map(mapping, sequence(rows)):
        urls = tuple(url for url in map(text_of, sequence(row.get("urls"))) if url)
        if version := text_of(row.get("version")):
            yield Offer(version, urls, text_of(row.get("digest")))


def _region(index: bytes) -> tuple[int, int] | None:
    """Where the charts stand, when each begins with its name two blanks in and nothing else stands there."""
    start = _ENTRIES.search(index)
    if start is None:
        return None
    end = _TOP.search(index, start.end())
    stop = end.start() if end else len(index)
    first = _BLANKS.match(index, start.end(), stop)
    is_usual = first is not None and _KEY.match(index, first.end(), stop) and not _ODD.search(index, start.end(), stop)
    return (start.end(), stop) if is_usual else None


def _own_lines(index: bytes, chart: bytes, region: tuple[int, int]) -> bytes:
    """The lines of one chart; empty when it has none."""
    at = next((found for found in _KEY.finditer(index, *region) if chart in found.groups()), None)
    if at is None:
        return b""
    following = _KEY.search(index, at.end(), region[1])
    return index[at.start() : following.start() if following else region[1]]
