"""One look at one repository: which of its refs moved, what changed between the trees, and who reads that.

    ls-refs → fetch only what moved → compare trees → read index → applications due → the new commits count as handled

The commits about to be handled are made known (`next`) before the read index is asked, and become `current` only
when every request is raised: a
crash repeats the work instead of losing it, and a pass that renders meanwhile learns that it may have read too early.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import structlog

from reconciler.errors import ReconcilerError, SourceError, SourceUnavailable
from reconciler.models.keys import PINNED, CommitId, EntryKey, RepoUrl, Revision
from reconciler.plan.times import duration_s
from reconciler.render.readset import FOLLOWS, glob_matches
from reconciler.services import Services
from reconciler.settings import Settings
from reconciler.sources import Access, Changes, changed_paths
from reconciler.store.due import Request
from reconciler.store.lease import Held
from reconciler.store.readindex import Change, Head

DEFAULT_POLL_S = 120.0
DEFAULT_JITTER_S = 60.0
LONGEST_POLL_S = 24 * 3600.0
"""Where polling is off, refs are still looked at this often: a lost webhook must not last for ever."""

OUTAGE_S = 10.0
"""A repository that cannot be reached is looked at again after this long, spread up to twice that."""

PUBLISHED_TREES = 500
"""Changed trees that are put into Redis at once; further ones follow when somebody reads them."""

EVERYTHING = Change(paths=(FOLLOWS.name,))
"""A change that concerns whoever follows the ref."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Move:
    """What a ref binding stood for when it was last handled, and what it stands for now; None where it is not there."""

    binding: str
    old: Revision | None
    new: Revision | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at what is followed: what was known before it, what it saw, and the access that was let in."""

    known: Mapping[str, Head]
    access: Access
    heads: Mapping[str, Revision]

    @property
    def handled(self) -> Mapping[str, Revision]:
        """The commits that were handled to the end, by binding."""
        return {name: head.current for name, head in self.known.items() if head.current}

    def newest(self, binding: str) -> Revision | None:
        """The newest commit that anybody had told of before this look."""
        head = self.known.get(binding, Head())
        return head.next or head.current


@dataclass(slots=True)
class Handled:
    """What one refresh came to. `is_overtaken`: a pass told of another commit meanwhile, so it has to look again."""

    affected: int = 0
    is_overtaken: bool = False


def refresh_source(repo: RepoUrl, services: Services, held: Held, *, now: datetime) -> float | None:
    """Looks at a repository once and makes due whoever reads what changed; the seconds until the next look.

    None means that no application follows a ref of it: the entry is forgotten. Raises LeaseLost, StoreUnavailable.
    """
    bindings = services.stores.readindex.bindings(repo) - {PINNED}
    _forget_unfollowed(repo, bindings, services)
    if not bindings:
        held.forget()
        return None
    poll_s = poll_interval_s(services.readers.settings, services.readers.catalog.settings_cm(), _spread(held))
    try:
        seen = _look(repo, services, bindings)
        moved = moves(bindings, seen.handled, seen.heads)
        done = _handle(repo, moved, seen, services, held)
    except (SourceUnavailable, SourceError) as error:
        log.warning("refresh failed", repository=repo, reason=str(error))
        _handle_loss(repo, bindings, error, services)
        return _retry_s(error, poll_s, _spread(held))
    log.info("refreshed", repository=repo, moved=len(moved), affected=done.affected, at=now.isoformat())
    return 0.0 if done.is_overtaken else poll_s


def moves(bindings: Iterable[str], handled: Mapping[str, Revision], heads: Mapping[str, Revision]) -> list[Move]:
    """The bindings that stand for another commit than was handled last, those with the same pair of commits
    together.
    """
    found = [
        Move(name, handled.get(name), heads.get(name)) for name in bindings if handled.get(name) != heads.get(name)
    ]
    return sorted(found, key=lambda move: (move.old or "", move.new or "", move.binding))


def poll_interval_s(settings: Settings, settings_cm: Mapping[str, str], spread: float) -> float:
    """Seconds until the next look. `spread` in [0, 1) places it within the jitter.

    Argo CD: `timeout.reconciliation` and `timeout.reconciliation.jitter` of argocd-cm; 0 turns polling off.
    """
    if settings.poll_s is not None:
        return settings.poll_s * (1 + 0.1 * spread)
    interval_s = _duration_s(settings_cm, "timeout.reconciliation", DEFAULT_POLL_S)
    jitter_s = _duration_s(settings_cm, "timeout.reconciliation.jitter", DEFAULT_JITTER_S)
    return min(interval_s or LONGEST_POLL_S, LONGEST_POLL_S) + jitter_s * spread


def _look(repo: RepoUrl, services: Services, bindings: Collection[str]) -> Seen:
    """The refs, by the first access that is let in. Raises SourceUnavailable, SourceError (of the first access)."""
    # Read before the look: whoever tells of a commit during it may have seen a newer one, and is not to be set back.
    known = services.stores.heads.known(repo)
    failures: list[ReconcilerError] = []
    heads: dict[str, Revision] = {}
    entered: Access | None = None
    for access in services.readers.accesses(repo):
        try:
            heads |= services.readers.heads(access, [name for name in bindings if name not in heads])
        except SourceError as error:
            failures.append(error)
            continue
        entered = entered or access
        # A registry shows each project what is its own, a Git repository is the same for all.
        if access.is_git or all(name in heads for name in bindings):
            break
    if entered is None:
        raise failures[0]
    return Seen(known, entered, heads)


def _handle(repo: RepoUrl, moved: Sequence[Move], seen: Seen, services: Services, held: Held) -> Handled:
    """Requests whoever reads what moved. Raises LeaseLost, StoreUnavailable, SourceUnavailable, SourceError."""
    done = Handled()
    for (old, new), group in groupby(moved, key=lambda move: (move.old, move.new)):
        bindings = [move.binding for move in group]
        if new is None:
            done.affected += _give_up(repo, bindings, services)
            continue
        changes = _changes(seen.access, old, new, services)
        told = [name for name in bindings if services.stores.heads.advance(repo, name, seen.newest(name), new)]
        done.is_overtaken |= len(told) < len(bindings)
        done.affected += _request_readers(repo, told, changes, services)
        held.still_mine()
        services.stores.heads.finish(repo, dict.fromkeys(told, new))
    return done


def _give_up(repo: RepoUrl, bindings: Sequence[str], services: Services) -> int:
    """Refs that are gone: their applications look for themselves, and say what they find. How many they are.

    Requested on both sides of forgetting: before it so that a crash repeats this, after it for those that were faster.
    """
    _request_readers(repo, bindings, Changes(is_all=True), services)
    services.stores.heads.forget(repo, bindings)
    return _request_readers(repo, bindings, Changes(is_all=True), services)


def _changes(access: Access, old: Revision | None, new: Revision, services: Services) -> Changes:
    """What changed, and the changed trees shared with other workers. Everything, where there is no old side (any
    more), and of a chart: it is read as a whole, by those who follow it.
    """
    changes = Changes(is_all=True)
    if not access.is_git:
        return changes
    # Fetched before anybody is told of it: a pass that takes a known commit must not wait for its repository.
    reader = services.readers.sources.reader(access, CommitId(new))
    if old is not None:
        try:
            changes = changed_paths(services.readers.sources.reader(access, CommitId(old)), reader)
        except SourceError:
            log.info("the old commit is gone, everything counts as changed", repository=access.url, commit=old)
    reader.publish(changes.trees[:PUBLISHED_TREES])
    return changes


def _request_readers(repo: RepoUrl, bindings: Sequence[str], changes: Changes, services: Services) -> int:
    """Makes due whoever reads what changed; how many."""
    change = EVERYTHING if changes.is_all else Change(changes.paths, changes.listings, changes.folders)
    apps = services.stores.readindex.lookup(repo, bindings, change, glob_matches)
    services.due.request_many([Request(EntryKey.of_reader(app), lane="push") for app in sorted(apps)])
    return len(apps)


def _handle_loss(repo: RepoUrl, bindings: Collection[str], error: ReconcilerError, services: Services) -> None:
    """A repository that refuses us is shown on its applications once: each sees it for itself. An outage goes by."""
    lost = sorted(name for name in services.stores.heads.known(repo) if name in bindings)
    if lost and not isinstance(error, SourceUnavailable):
        _give_up(repo, lost, services)


def _forget_unfollowed(repo: RepoUrl, bindings: Collection[str], services: Services) -> None:
    """Nobody looks at these refs from now on, so whoever follows one again must not believe what it once was."""
    heads = services.stores.heads
    heads.forget(repo, heads.known(repo).keys() - bindings)


def _retry_s(error: ReconcilerError, poll_s: float, spread: float) -> float:
    """Seconds until the next look after a failed one. A push may be waiting for the end of an outage."""
    if not isinstance(error, SourceUnavailable):
        return poll_s
    return error.retry_after_s or min(poll_s, OUTAGE_S * (1 + spread))


def _spread(held: Held) -> float:
    """A number in [0, 1) that differs from lease to lease, so that repositories are not all looked at together."""
    return int(held.token[:8], 16) / 0x1_0000_0000


def _duration_s(settings_cm: Mapping[str, str], name: str, default_s: float) -> float:
    try:
        return duration_s(settings_cm[name]) if settings_cm.get(name) else default_s
    except ValueError:
        log.warning("not a duration, the default counts", setting=name, default_s=default_s)
        return default_s
