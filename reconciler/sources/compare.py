"""What changed between two trees: only where object ids differ is anything read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.models.keys import TreeId
from reconciler.sources.paths import Entry, Tree
from reconciler.sources.rawtree import differing

MAX_CHANGES = 200_000
_EMPTY: Mapping[str, Entry] = {}


@dataclass(slots=True)
class Changes:
    """`paths`: files and links that were added, removed or changed. `listings`: folders in which a name or its type
    did. `folders`: those that came or went.

    `trees` are the new trees on the way, for publishing. `is_all` means that too much changed to name it: take
    everything as affected.
    """

    paths: list[str] = field(default_factory=list)
    listings: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    trees: list[TreeId] = field(default_factory=list)
    is_all: bool = False


def changed_paths(old: Tree, new: Tree, *, limit: int = MAX_CHANGES) -> Changes:
    """Compares two trees of one repository; added and removed folders are walked to their leaves. Raises
    SourceUnavailable, SourceError.
    """
    changes = Changes()
    pending: list[tuple[str, TreeId | None, TreeId | None]] = []
    if old.root != new.root:
        pending.append(("", old.root, new.root))
    while pending:
        path, before, after = pending.pop()
        if after:
            changes.trees.append(after)
        then = old.entries(before) if before else _EMPTY
        now = new.entries(after) if after else _EMPTY
        pending += _folder_changes(changes, path, then, now)
        if len(changes.paths) + len(pending) > limit:
            changes.is_all = True
            return changes
    return changes


def _folder_changes(
    changes: Changes, path: str, then: Mapping[str, Entry], now: Mapping[str, Entry]
) -> list[tuple[str, TreeId | None, TreeId | None]]:
    below: list[tuple[str, TreeId | None, TreeId | None]] = []
    listing = False
    for name in differing(then, now):
        before, after = then.get(name), now.get(name)
        full = f"{path}/{name}" if path else name
        listing |= before is None or after is None or before.type != after.type
        was, becomes = _subtree(before), _subtree(after)
        if was or becomes:
            below.append((full, was, becomes))
        if (before and not was) or (after and not becomes):
            changes.paths.append(full)
        if bool(was) != bool(becomes):
            changes.folders.append(full)
    if listing:
        changes.listings.append(path)
    return below


def _subtree(entry: Entry | None) -> TreeId | None:
    return entry.oid if entry and entry.type == "dir" else None
