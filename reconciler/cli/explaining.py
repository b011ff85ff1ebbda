"""How the explanation of a rendering is printed."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.cli.output import facts, say, table
from reconciler.models.manifest import JsonObject
from reconciler.render.explain import Explanation
from reconciler.render.readset import Read

COLUMNS = ("READ", "PATH", "ANSWER", "THROUGH")
ANSWER_CHARS = 60


def show(told: Explanation, binding: str = "") -> None:
    """Prints one source's explanation for people."""
    rendered = told.rendered
    facts(
        [
            ("source", f"{told.repo} at {told.commit[:8]}{f' ({binding})' if binding else ''}"),
            ("tool", rendered.source_type),
            ("key", told.key),
            ("cache", "hit" if rendered.hit else "miss"),
            ("reason", told.reason),
            ("objects", str(len(rendered.bodies))),
            ("every commit", "the outcome names the revision" if told.reads_revision else ""),
        ]
    )
    table(COLUMNS, _rows(rendered.reads))
    for url, reads in told.elsewhere:
        say("", f"elsewhere: {url}")
        table(COLUMNS, _rows(reads))


def to_json(told: Explanation, binding: str = "") -> JsonObject:
    """The same for programs."""
    return {
        "repoURL": told.repo,
        "revision": told.commit,
        "binding": binding,
        "sourceType": told.rendered.source_type,
        "key": told.key,
        "hit": told.rendered.hit,
        "reason": told.reason,
        "readsRevision": told.reads_revision,
        "reads": [_read(read) for read in told.rendered.reads],
        "elsewhere": [{"url": url, "reads": [_read(read) for read in reads]} for url, reads in told.elsewhere],
    }


def _read(read: Read) -> JsonObject:
    return {"kind": read.kind, "path": read.path, "answer": read.value, "through": list(read.also)}


def _rows(reads: tuple[Read, ...]) -> Iterator[tuple[str, ...]]:
    for read in sorted(reads, key=lambda one: (one.path, one.kind)):
        yield read.kind, read.path or ".", read.value[:ANSWER_CHARS], ", ".join(other or "." for other in read.also)
