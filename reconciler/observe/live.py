"""Live objects of one kind on one destination: summaries for the store, and passes for whoever owns what changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.clusters.envelopes import Raw
from reconciler.models.keys import ClusterUrl
from reconciler.observe.fleet import Fleet
from reconciler.observe.seen import Lens, Seen, edited, is_by_us, touched
from reconciler.store.due import Request


@dataclass(frozen=True, slots=True)
class LiveReading:
    """Reads objects through a lens. Remembers only those that belong to an application; the others are just stored."""

    lens: Lens
    fleet: Fleet
    cluster: ClusterUrl

    def read(self, raw: Raw, before: Seen | None) -> Seen:
        return self.lens.see(raw, before)

    def row(self, thing: Seen) -> Seen:
        return thing

    def keeps(self, thing: Seen) -> bool:
        return bool(thing.owner)

    def demands(self, before: Seen | None, after: Seen | None, raw: Raw | None) -> Iterator[Request]:
        owners = touched(before, after, by_us=False) or self._unsettled(before, after)
        if owners and after is not None and raw is not None and is_by_us(raw, self.lens.manager):
            owners = touched(before, after, by_us=True)
        for instance in owners:
            app = self.fleet.owner(instance)
            # What an application left behind elsewhere, or what the same server shows under another address, is not
            # what it compares.
            if app is not None and self.fleet.cluster_of(app) == self.cluster:
                yield self.fleet.request(app, "push")

    def _unsettled(self, before: Seen | None, after: Seen | None) -> frozenset[str]:
        """The owner of an edited object, if it is not known to be as in Git: a field that somebody took from us and
        now sets back is not ours, so our digest cannot tell.
        """
        if after is None or not after.owner or not edited(before, after):
            return frozenset()
        app = self.fleet.owner(after.owner)
        return frozenset({after.owner}) if app is not None and not app.synced else frozenset()

    def late(self, name: str, stored: Seen | None, after: Seen | None) -> Iterator[Request]:
        del name
        # Nothing stored: the kind was not watched when the object was written, and what happened since is not known.
        yield from self.demands(stored, after, None)

    def changed(self) -> None:
        """Nobody else depends on single objects."""
