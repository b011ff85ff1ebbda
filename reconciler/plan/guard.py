"""How much an automated sync may prune without asking: a number, or a share of what the application has."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import SpecError
from reconciler.models.words import PRUNE_LIMIT


@dataclass(frozen=True, slots=True)
class PruneLimit:
    """None where nothing is said. `share` is a part of one. Whichever is passed first counts."""

    objects: int | None = None
    share: float | None = None
    text: str = ""

    def passed(self, pruned: int, present: int) -> str | None:
        """Why pruning so many of so many objects needs a confirmation; None where it does not."""
        over = self.objects is not None and pruned > self.objects
        over = over or (self.share is not None and present > 0 and pruned / present > self.share)
        if not over:
            return None
        return f"{pruned} of {present} objects would be pruned by itself, and no more than {self.text} may be"


NO_LIMIT = PruneLimit()


def prune_limit(text: str, where: str) -> PruneLimit:
    """Reads `50`, `20%` or `50,20%`; empty means no limit. Raises SpecError, which names `where` it stands."""
    objects, share = None, None
    for part in filter(None, (part.strip() for part in text.split(","))):
        number = part.removesuffix("%")
        if not (number.isascii() and number.isdigit()) or (part.endswith("%") and int(number) > 100):
            raise SpecError(f"{PRUNE_LIMIT} of {where} is {text!r}: write a number, a share such as 20%, or both")
        if part.endswith("%"):
            share = int(number) / 100
        else:
            objects = int(number)
    return PruneLimit(objects, share, text.strip()) if text.strip() else NO_LIMIT
