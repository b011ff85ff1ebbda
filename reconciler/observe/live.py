"""Live objects of one kind on one destination: summaries for the store, and passes for whoever owns what changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.clusters.envelopes import Raw
from reconciler.observe.fleet import Fleet
from reconciler.observe.outbox import Demand
from reconciler.observe.seen import Lens, Seen, is_by_us, touched


@dataclass(frozen=True, slots=True)
class LiveReading:
    """Reads objects through a lens. Remembers only those that belong to an application; the others are just stored."""

    lens: Lens
    fleet: Fleet

    def read(self, raw: Raw, before: Seen | None) -> Seen:
        return self.lens.see(raw, before)

    def row(self, thing: Seen) -> Seen:
        return thing

    def keeps(self, thing: Seen) -> bool:
        return bool(thing.owner)

    def demands(self, before: Seen | None, after: Seen | None, raw: Raw | None) -> Iterator[Demand]:
        owners = touched(before, after, by_us=False)
        if owners and after is not None and raw is not None and is_by_us(raw, self.lens.manager):
            owners = touched(before, after, by_us=True)
        for instance in owners:
            app = self.fleet.owner(instance)
            if app is not None:
                yield self.fleet.request(app, "push")

    def late(self, name: str, stored: Seen | None, after: Seen | None) -> Iterator[Demand]:
        del name
        # Nothing stored: the kind was not watched when the object was written, and what happened since is not known.
        yield from self.demands(stored, after, None)

    def changed(self) -> None:
        """Nobody else depends on single objects."""
