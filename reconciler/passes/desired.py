"""What an application wants: its revisions resolved, its sources rendered, its objects placed and marked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b

from reconciler.clusters.cluster import Cluster
from reconciler.errors import ReconcilerError
from reconciler.models.application import Application
from reconciler.models.keys import ObjectKey, Revision
from reconciler.models.manifest import Manifest
from reconciler.models.observed import Condition, Desired
from reconciler.models.source import ApplicationSource
from reconciler.plan import operation
from reconciler.plan.desired import admitted, finalize
from reconciler.plan.hooks import split
from reconciler.plan.lens import Lens
from reconciler.plan.sources import called
from reconciler.render.readset import FOLLOWS, ReadLog
from reconciler.render.renderer import Rendered
from reconciler.services import Readers
from reconciler.sources import Access, Resolution, source_url
from reconciler.sources.following import expected_binding
from reconciler.store.readindex import Followed, ReadEntry, ReadSet


@dataclass(frozen=True, slots=True)
class Wish:
    """One source as it is asked for, and by which access. `what` names it in messages; empty for the only one.

    `asked` is the source at the revision that is wanted, be it that of an operation.
    """

    source: ApplicationSource
    asked: ApplicationSource
    access: Access
    what: str

    @property
    def place(self) -> Followed:
        """What it follows as long as nobody knows better. Raises SpecError for what cannot be followed."""
        return Followed(self.access.url, expected_binding(self.asked))


Resolve = Callable[[Access, ApplicationSource], Resolution]
"""Which revision a source means now."""


@dataclass(slots=True)
class Reads:
    """What the renders looked at, kept also when one fails: mending any of it wakes the application."""

    is_pinned: bool = False
    """Whether this is what an operation resolved long ago, and not what the spec follows."""

    logs: list[ReadLog] = field(default_factory=list)
    followed: dict[int, Followed] = field(default_factory=dict)
    resolved: dict[Followed, Revision] = field(default_factory=dict)
    renders: int = 0
    """How many sources were rendered now, and not found in the cache."""

    def sets(self) -> tuple[ReadSet, ...]:
        """One for each repository and binding; every source at least follows its own."""
        entries: dict[Followed, set[ReadEntry]] = {place: {FOLLOWS} for place in self.followed.values()}
        for read in (log.read_set() for log in self.logs):
            entries.setdefault(read.place, set()).update(read.entries)
        return tuple(ReadSet(place.repo, place.binding, frozenset(found)) for place, found in entries.items())


@dataclass(frozen=True, slots=True)
class Rendering:
    """One source, resolved and rendered; `rendered` is None where it only lends its files to others."""

    resolution: Resolution
    rendered: Rendered | None
    warnings: tuple[Condition, ...] = ()

    @property
    def source_type(self) -> str:
        return self.rendered.source_type if self.rendered else ""


def wishes(app: Application, readers: Readers, asked: operation.Target) -> tuple[Wish, ...]:
    """The sources in their order. Raises SourceError for their credentials, SpecError for their addresses."""
    found = []
    for index, (source, revision) in enumerate(zip(asked.sources, asked.revisions, strict=True)):
        what = called(index, len(asked.sources))
        with about(what):
            access = readers.access(source_url(source.repo_url, source.chart), app.spec.project)
        found.append(Wish(source, source.model_copy(update={"target_revision": revision}), access, what))
    return tuple(found)


def resolve_all(wanted: Sequence[Wish], resolve: Resolve, reads: Reads) -> tuple[Resolution, ...]:
    """What each source means now. `reads` is filled as far as it came. Raises SpecError, SourceError, Transient."""
    for index, wish in enumerate(wanted):
        with about(wish.what):
            reads.followed[index] = wish.place
    found = []
    for index, wish in enumerate(wanted):
        with about(wish.what):
            resolution = resolve(wish.access, wish.asked)
        place = reads.followed[index] = Followed(wish.access.url, resolution.binding)
        reads.resolved[place] = resolution.revision
        found.append(resolution)
    return tuple(found)


def desired_of(
    app: Application, renderings: Sequence[Rendering], cluster: Cluster, *, instance: str, lens: Lens
) -> Desired:
    """The objects as they are to be on this cluster. Raises SourceError for one that cannot be placed.

    Argo CD: what two sources give is taken from the last of them, with a warning.
    """
    rendered = [one.rendered for one in renderings if one.rendered]
    bodies, left_out = admitted([body for one in rendered for body in one.bodies], lens.filters, cluster.url)
    manifests, conditions = finalize(bodies, app, cluster.surface(), instance=instance, lens=lens)
    ordinary, hooks = split(manifests)
    return Desired(
        manifests=ordinary,
        hooks=hooks,
        revisions=tuple(one.resolution.revision for one in renderings),
        source_types=tuple(one.source_type for one in renderings),
        conditions=(*left_out, *conditions, *(warning for one in renderings for warning in one.warnings)),
        render_digest=_together([one.digest for one in rendered]),
        sealed=_sealed(manifests, rendered),
    )


def _sealed(manifests: Sequence[Manifest], rendered: Sequence[Rendered]) -> frozenset[ObjectKey]:
    """The objects that encrypted files gave, by their names: namespaces are set after the rendering."""
    keys = (Manifest(body).key for one in rendered for body in one.sealed)
    named = {(key.group, key.kind, key.name) for key in keys}
    return frozenset(one.key for one in manifests if (one.key.group, one.key.kind, one.key.name) in named)


def _together(digests: Sequence[str]) -> str:
    if len(digests) == 1:
        return digests[0]
    return blake2b("\0".join(digests).encode(), digest_size=20).hexdigest()


@contextmanager
def about(what: str) -> Iterator[None]:
    """Lets an error that leaves it say which source it is about. Its class, which says what to do, stays the same."""
    try:
        yield
    except ReconcilerError as error:
        if what:
            error.args = (f"{what}: {error}", *error.args[1:])
        raise
