"""What an observer remembers of one ApplicationSet: enough to see that it has to be expanded. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from reconciler.clusters.envelopes import NOTHING, Metadata, Raw
from reconciler.models.keys import CONTROL, AppKey, Digest, EntryKey, Lane
from reconciler.models.words import APPLICATION_SET_REFRESH
from reconciler.observe.facts import OWN_PREFIXES, Digester
from reconciler.observe.seen import Seen
from reconciler.store.due import Request


class _Set(msgspec.Struct, frozen=True, gc=False):
    metadata: Metadata
    spec: Raw = NOTHING


_decode = msgspec.json.Decoder(_Set).decode


class SetFacts(msgspec.Struct, frozen=True, gc=False):
    """One ApplicationSet as it was last seen. `content` covers what a pass reads of it, and nothing that it writes."""

    key: AppKey
    uid: str
    version: str
    content: Digest
    refresh: str


@dataclass(frozen=True, slots=True)
class Sets:
    """Reads ApplicationSets: each is due when it appears, changes or goes."""

    digest: Digester

    def read(self, raw: Raw, before: SetFacts | None) -> SetFacts:
        del before
        found = _decode(raw)
        metadata, given = found.metadata, found.metadata.annotations or {}
        own = sorted(pair for pair in given.items() if pair[0].startswith(OWN_PREFIXES))
        asked = given.get(APPLICATION_SET_REFRESH, "")
        told = [pair for pair in own if pair[0] != APPLICATION_SET_REFRESH]
        deletion = (metadata.deletion_timestamp or "").encode()
        parts = (bytes(found.spec), bytes(metadata.finalizers), deletion, msgspec.json.encode(told))
        key = AppKey(metadata.namespace, metadata.name)
        return SetFacts(key, metadata.uid, metadata.resource_version, self.digest(b"\0".join(parts)), asked)

    def row(self, thing: SetFacts) -> Seen:
        return Seen(thing.uid, thing.version, digest=thing.content)

    def keeps(self, thing: SetFacts) -> bool:
        del thing
        return True

    def demands(self, before: SetFacts | None, after: SetFacts | None, raw: Raw | None) -> Iterator[Request]:
        del raw
        if after is None:
            if before is not None:
                # Its pass will find it gone, and clears away what is remembered of it.
                yield request_of(before, "push")
        elif after.refresh and (before is None or before.refresh != after.refresh):
            yield request_of(after, "person")
        elif before is None or (before.uid, before.content) != (after.uid, after.content):
            yield request_of(after, "push")

    def late(self, name: str, stored: Seen | None, after: SetFacts | None) -> Iterator[Request]:
        if after is None:
            if stored is not None:
                yield Request(EntryKey("appset", name), stored.uid, "push", CONTROL)
        elif after.refresh:
            yield request_of(after, "person")
        elif stored is None or (stored.uid, stored.digest) != (after.uid, after.content):
            yield request_of(after, "push")

    def changed(self) -> None:
        """Nobody else depends on sets."""


def request_of(found: SetFacts, lane: Lane, delay_s: float = 0.0) -> Request:
    """The request for an expansion. All sets share the control cluster's credit."""
    return Request(EntryKey.appset(found.key), found.uid, lane, CONTROL, delay_s)
